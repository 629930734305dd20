// SPDX-License-Identifier: Apache-2.0
// The read side of a store: what is installed. A server that loads its configuration, publishers
// and ccmctl use it. Reading is safe beside any writer: a version never changes, and the current
// version changes atomically.
//
// Implementations are thread-safe unless they say otherwise. store/kinds.h makes one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/handle.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/certificate/bundle.h"
#include "crypto/certificate/certificate_facts.h"
#include "store/file_watch.h"

namespace ccm::store {

using VersionNumber = std::uint64_t;  // 0: none

// The origin of what an operator has imported (lifecycle/attempt/installer.h).
inline constexpr std::string_view kImported = "import";

struct VersionInfo {
  VersionNumber number = 0;
  Time installed_at{};
  Time not_before{};
  Time not_after{};
  std::string fingerprint;  // SHA-256 of the leaf, crypto/certificate/certificate.h
  std::string serial;
  std::string origin;  // where it came from: "scm:scs…", "pca:…", kImported
  // Which rules of the gate it passed (crypto::kServingRules); 0: not recorded.
  unsigned rules = 0;
};

struct StoredCertificate {
  crypto::Bundle bundle;
  VersionInfo info;
  // The stored OCSP response (DER), not verified. Empty when there is none.
  std::vector<std::byte> ocsp_response = {};
};

// A small value; Secret because an order may hold a key that is not installed yet.
struct StoredRecord {
  Secret value;
  std::uint64_t version = 0;
};

// The name that stands for the whole store in records.
inline constexpr std::string_view kStoreWide;

// A moment in the life of a store, for StoreReader::changes_since(). The default value is before
// every change.
struct Revision {
  std::uint64_t life = 0;  // changes whenever the noted changes may have a gap
  std::uint64_t number = 0;

  bool operator==(const Revision&) const = default;
};

struct Changes {
  Revision revision;  // for the next call
  // The certificates that changed, each once; nullopt: any may have changed, so look at all.
  std::optional<std::vector<std::string>> names;
};

// A position in the log of events. The default value is before the oldest event.
struct EventMark {
  std::uint64_t file = 0;
  std::uint64_t offset = 0;

  bool operator==(const EventMark&) const = default;
};

struct EventPage {
  std::vector<Event> events;  // the oldest first
  EventMark next;             // for the next call
  bool has_more = false;      // the next page has events already
};

// The certificate of the leaf's issuer; nullptr when the chain does not hold it.
const crypto::Certificate* issuer_of(const crypto::Bundle& bundle) noexcept;
// The OCSP response if it may be stapled at `now`: correctly signed, in its validity and `good`;
// otherwise empty.
std::vector<std::byte> staple_of(const StoredCertificate& stored, Time now);

class StoreReader {
 public:
  StoreReader() = default;
  StoreReader(const StoreReader&) = delete;
  StoreReader& operator=(const StoreReader&) = delete;
  virtual ~StoreReader() = default;

  // The current version, verified; no certificate when nothing was installed yet. When the current
  // version is missing, altered or unreadable, `damage` says why, and the newest intact older
  // version is returned instead. Only a few older versions are tried; when none is intact, no
  // certificate is returned, and the engine obtains a new one. An error means that the store cannot
  // be read at all.
  struct Loaded {
    std::optional<StoredCertificate> certificate;
    std::optional<Error> damage;
  };
  virtual Result<Loaded> load(const std::string& name) const = 0;
  // The same for callers that follow changes. A certificate that this object has just loaded for
  // another of them is not read again, unless its traces (base/traces.h) show a change.
  virtual Result<Loaded> load_again(const std::string& name) const { return load(name); }

  // The content of the current version's record. It is not verified as in load(): only damage that
  // shows without reading the files is noticed; then the result is that of load().
  struct Described {
    std::optional<VersionInfo> info;
    std::optional<Error> damage;
  };
  virtual Result<Described> describe(const std::string& name) const;

  // The number of the current version, intact or not; 0 when there is none. Cheap.
  virtual VersionNumber current_version(const std::string& name) const noexcept = 0;
  // A number that changes whenever the current version changes, is altered or gets other rights,
  // also when the new version has the same number, as after a restored backup. Cheap.
  virtual std::uint64_t version_stamp(const std::string& name) const noexcept {
    return current_version(name);
  }
  // A number that changes whenever the OCSP response of the current version changes; 0 when there
  // is none. Cheap.
  virtual std::uint64_t response_stamp(const std::string& name) const noexcept = 0;
  // Installed versions, newest first; damaged ones left out.
  virtual Result<std::vector<VersionInfo>> history(const std::string& name) const = 0;
  // The numbers of all versions, intact or not, newest first; empty when they cannot be listed.
  virtual std::vector<VersionNumber> versions(const std::string& name) const = 0;
  // One version, verified as load() does.
  virtual Result<StoredCertificate> load_version(const std::string& name,
                                                 VersionNumber version) const = 0;
  // The record of a version and its leaf, for a choice between many before load_version().
  struct Glance {
    VersionInfo info;
    crypto::CertificateFacts leaf;
  };
  virtual Result<Glance> glance(const std::string& name, VersionNumber version) const = 0;
  // The names of all certificates that have an entry, sorted.
  virtual Result<std::vector<std::string>> names() const = 0;

  // A record of a certificate (or of the store: kStoreWide). nullopt when there is none; `invalid`
  // when it is damaged; write_record() takes a damaged record as version 0, so that it can be
  // replaced.
  virtual Result<std::optional<StoredRecord>> read_record(std::string_view name,
                                                          std::string_view kind) const = 0;

  // The certificates whose current version, OCSP response or records have changed since a revision
  // that an earlier call returned. When the store cannot tell which have changed, it says that any
  // may have; it never misses a change that a Store made. It does not notice other changes, such as
  // damage or a restored backup: for those there is watch_files().
  virtual Changes changes_since(const Revision& before) const = 0;
  // A descriptor that becomes readable when something changes, requests included. The caller then
  // reads from it until nothing is left (O_NONBLOCK). An error where the system allows no watch:
  // then the caller looks every second.
  virtual Result<FileDescriptor> watch() const = 0;
  // Watches whose files are touched, by others than a Store as well. Without its own watch(), the
  // store watches none of them.
  virtual std::unique_ptr<FileWatch> watch_files(std::vector<std::string> names) const;

  // The events after a mark that an earlier call returned, as far as the log still has them. One
  // page at a time, so that memory stays bounded.
  virtual Result<EventPage> events_since(const EventMark& mark) const = 0;

  // The directory in which other programs on this host find the current files of a certificate;
  // empty when the store has none.
  virtual std::string directory_of(const std::string& name) const = 0;
  // For `ccmctl doctor`: files among the certificates that are none; records of a certificate, or
  // of the store (kStoreWide), that cannot be read.
  virtual std::vector<std::string> strays() const = 0;
  struct Damage {
    std::string place;
    Error error;
  };
  virtual std::vector<Damage> damaged_records(const std::string& name) const = 0;
};

}  // namespace ccm::store
