// SPDX-License-Identifier: Apache-2.0
// The read side of the store: what is installed, for a server that loads its configuration and for
// whoever publishes. Reads only; safe beside any writer, because every version is immutable and
// `current` moves atomically. Any process that may read the files; not synchronised, cheap to make.
//
//   STATE/                              owner-only throughout
//     ccm-store                         that this is a store, and of which format
//     revision                          rewritten after every change of any `current` and of what
//                                       is to be stapled: watch this
//     leader.lock                       kernel lock: who talks to the cloud
//     settings-KIND-INSTANCE            what a server's agent works with (effective_settings.h)
//     agent-KIND-INSTANCE               that it lives, and what it serves (presence.h)
//     request-ID-NAME                   what ccmctl asks of the leader (request.h)
//     granted-NAME                      a renewal that was asked for and is not done yet
//                                       (request_desk.h)
//     keys/*.pem                        the operator's own keys, for certificates whose key is not
//                                       in the cloud
//     certificates/NAME/current         symbolic link to versions/N
//     certificates/NAME/versions/N/     fullchain.pem privkey.pem cert.pem chain.pem version,
//                                       which never change, and ocsp.der, which comes and goes
//     certificates/NAME/records/KIND    small records: state, order, …
//     certificates/.tmp-NAME            one that is being removed (forgetting.h)
//     records/KIND                      records of the whole store: lockout, answers
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
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

// The authority that issued the leaf, as far as the chain tells; nullptr when it does not.
const crypto::Certificate* issuer_of(const crypto::Bundle& bundle) noexcept;
// The OCSP response when it may be stapled at `now`: genuine, in force and `good`; else empty.
std::vector<std::byte> staple_of(const StoredCertificate& stored, Time now);

class StoreReader {
 public:
  explicit StoreReader(std::string state_path);

  // The current version; no certificate when nothing was installed yet. A version whose files are
  // missing, altered (checksums in `version`) or unreadable concerns this certificate only:
  // `damage` names the file, and the newest intact older version is returned instead, or none when
  // there is none among a few, so that the entry heals like a new one. An error means that the
  // store cannot be read at all.
  struct Loaded {
    std::optional<StoredCertificate> certificate;
    std::optional<Error> damage;
  };
  Result<Loaded> load(const std::string& name) const;

  // The number `current` points at without reading the files; 0 when there is none. One readlink.
  VersionNumber current_version(const std::string& name) const noexcept;
  // Another number whenever the OCSP response of the current version is another; 0 when there is
  // none. One stat.
  std::uint64_t response_stamp(const std::string& name) const noexcept;
  // Installed versions, newest first; damaged ones left out.
  Result<std::vector<VersionInfo>> history(const std::string& name) const;
  // The numbers of all versions that lie there, whole or not, newest first; none when they cannot
  // be listed.
  std::vector<VersionNumber> versions(const std::string& name) const;
  // One version, verified as load() does.
  Result<StoredCertificate> load_version(const std::string& name, VersionNumber version) const;
  // What a version says of itself, with its leaf: for choosing between many before load_version.
  struct Glance {
    VersionInfo info;
    crypto::Certificate leaf;
  };
  Result<Glance> glance(const std::string& name, VersionNumber version) const;
  // Names of all certificates that have an entry. Files that stray among them are none.
  Result<std::vector<std::string>> names() const;

  const std::string& state_path() const noexcept { return state_path_; }
  std::string certificate_path(const std::string& name) const;

 private:
  std::string state_path_;
};

}  // namespace ccm::store
