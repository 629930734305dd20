// SPDX-License-Identifier: Apache-2.0
// The read side of a store: what is installed, for a server that loads its configuration, for
// whoever publishes and for ccmctl. Reading does no harm beside any writer: a version never
// changes, and which one is current changes at one stroke.
//
// Implementations are thread-safe unless they say otherwise. store/kinds.h makes one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/handle.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/bundle.h"

namespace ccm::store {

using VersionNumber = std::uint64_t;  // 0: none

// The origin of what an operator brought along (lifecycle/installer.h).
inline constexpr std::string_view kImported = "import";

struct VersionInfo {
  VersionNumber number = 0;
  Time installed_at{};
  Time not_before{};
  Time not_after{};
  std::string fingerprint;  // SHA-256 of the leaf, crypto/certificate.h
  std::string serial;
  std::string origin;  // where it came from: "scm:scs…", "pca:…", kImported
  // Which rules of the gate it passed (crypto::kServingRules); 0: nobody noted it down.
  unsigned rules = 0;
};

struct StoredCertificate {
  crypto::Bundle bundle;
  VersionInfo info;
  // As it lies there: only its own signature vouches for it. Empty when there is none.
  std::vector<std::byte> ocsp_response = {};
};

// A small value; Secret because an order may hold a key that is not installed yet.
struct StoredRecord {
  Secret value;
  std::uint64_t version = 0;
};

// The name under which records of the whole store are kept.
inline constexpr std::string_view kStoreWide = "";

// A moment in the life of a store, for StoreReader::changes_since(). The default one is before all.
struct Revision {
  std::uint64_t life = 0;  // another one whenever what was noted down of changes may have a gap
  std::uint64_t number = 0;

  bool operator==(const Revision&) const = default;
};

struct Changes {
  Revision revision;  // to ask with the next time
  // The certificates that changed, each once; nullopt: any may have, so look at all.
  std::optional<std::vector<std::string>> names;
};

// A place in the log of events. The default one is before all that are kept.
struct EventMark {
  std::uint64_t file = 0;
  std::uint64_t offset = 0;

  bool operator==(const EventMark&) const = default;
};

struct EventPage {
  std::vector<Event> events;  // the oldest first
  EventMark next;             // to ask with the next time
  bool has_more = false;      // there is another page already
};

// The authority that issued the leaf, as far as the chain tells; nullptr when it does not.
const crypto::Certificate* issuer_of(const crypto::Bundle& bundle) noexcept;
// The OCSP response when it may be stapled at `now`: genuine, in force and `good`; else empty.
std::vector<std::byte> staple_of(const StoredCertificate& stored, Time now);

class StoreReader {
 public:
  StoreReader() = default;
  StoreReader(const StoreReader&) = delete;
  StoreReader& operator=(const StoreReader&) = delete;
  virtual ~StoreReader() = default;

  // The current version; no certificate when nothing was installed yet. A version that is missing,
  // altered or unreadable concerns this certificate only: `damage` says what, and the newest intact
  // older version is returned instead, or none when there is none among a few, so that the entry
  // heals like a new one. An error means that the store cannot be read at all.
  struct Loaded {
    std::optional<StoredCertificate> certificate;
    std::optional<Error> damage;
  };
  virtual Result<Loaded> load(const std::string& name) const = 0;

  // What the current version says of itself. It is not proved as load() does: what a look from
  // outside shows of damage is found, and then this is what load() says.
  struct Described {
    std::optional<VersionInfo> info;
    std::optional<Error> damage;
  };
  virtual Result<Described> describe(const std::string& name) const;

  // Which version is current, whether or not it is intact; 0 when there is none. Cheap.
  virtual VersionNumber current_version(const std::string& name) const noexcept = 0;
  // Another number whenever the current version is another one, also one of the same number, as
  // after a restored backup, or was altered. Cheap.
  virtual std::uint64_t version_stamp(const std::string& name) const noexcept {
    return current_version(name);
  }
  // Another number whenever the OCSP response of the current version is another; 0 when there is
  // none. Cheap.
  virtual std::uint64_t response_stamp(const std::string& name) const noexcept = 0;
  // Installed versions, newest first; damaged ones left out.
  virtual Result<std::vector<VersionInfo>> history(const std::string& name) const = 0;
  // The numbers of all versions, whole or not, newest first; none when they cannot be listed.
  virtual std::vector<VersionNumber> versions(const std::string& name) const = 0;
  // One version, verified as load() does.
  virtual Result<StoredCertificate> load_version(const std::string& name,
                                                 VersionNumber version) const = 0;
  // What a version says of itself, with its leaf: for choosing between many before load_version.
  struct Glance {
    VersionInfo info;
    crypto::Certificate leaf;
  };
  virtual Result<Glance> glance(const std::string& name, VersionNumber version) const = 0;
  // Names of all certificates that have an entry.
  virtual Result<std::vector<std::string>> names() const = 0;

  // A record of a certificate (or of the store: kStoreWide). nullopt when there is none; `invalid`
  // when it is damaged, which counts as version 0 for writing, so that it can be mended.
  virtual Result<std::optional<StoredRecord>> read_record(std::string_view name,
                                                          std::string_view kind) const = 0;

  // The certificates whose current version, OCSP response or records changed since a moment that
  // an earlier call returned. A change that cannot be found out about costs a look at all, never a
  // change. What was changed behind the store's back (a restored backup) is not noticed, so
  // whoever serves looks at all from time to time.
  virtual Changes changes_since(const Revision& before) const = 0;
  // A descriptor that becomes readable when something changes, requests included. Whoever was woken
  // reads from it until nothing is left (O_NONBLOCK). An error where the system allows none: then
  // one looks every second.
  virtual Result<FileDescriptor> watch() const = 0;

  // What has happened since a moment that an earlier call returned, as far as it is still kept, and
  // as much of it as fits into memory at once.
  virtual Result<EventPage> events_since(const EventMark& mark) const = 0;

  // The directory in which other programs of this host find the current files of a certificate;
  // empty when the store has none.
  virtual std::string directory_of(const std::string& name) const = 0;
  // For an examination: what lies among the certificates and is none, and the records of one, or of
  // the store (kStoreWide), that cannot be read.
  virtual std::vector<std::string> strays() const = 0;
  struct Damage {
    std::string place;
    Error error;
  };
  virtual std::vector<Damage> damaged_records(const std::string& name) const = 0;
};

}  // namespace ccm::store
