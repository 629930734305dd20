// SPDX-License-Identifier: Apache-2.0
// The values that are sealed in a fleet's etcd. Pure functions; `invalid` for a text that no host
// of ours has made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/key/sealing.h"
#include "fleet/etcd/etcd_messages.h"
#include "store/store_reader.h"

namespace ccm::fleet {

// The fleet's keys: new texts are sealed with the first, the others still open.
struct FleetKeys {
  std::vector<crypto::SealingKey> keys;  // empty: etcd has not been asked for them yet
  // The host's entry among the members, and its revision when it was read. Every change of the
  // fleet's key writes the entry anew, so a write that compares it is sealed with the newest key,
  // and comes from a member. 0: not compared.
  std::string entry = {};
  EtcdRevision entry_modified = 0;

  FleetKeys clone() const;
  bool knows(std::string_view id) const noexcept;
  bool has_same_ids(const FleetKeys& other) const noexcept;
  Result<std::string> seal(std::string_view place, const Secret& text) const;
  Result<Secret> unseal(std::string_view place, std::string_view sealed) const;
};

// The head of a certificate. It names what the other keys may hold, so that an older version or
// response that somebody puts back is noticed.
struct Head {
  struct Version {
    store::VersionNumber number = 0;
    std::string fingerprint;
    std::string response = {};  // SHA-256 of the OCSP response; empty: there is none
  };

  std::uint64_t sequence = 0;  // grows with every change; a smaller one is not believed
  store::VersionNumber current = 0;
  store::VersionNumber highest = 0;    // that was ever used
  std::vector<Version> versions = {};  // none: the certificate is forgotten

  const Version* find(store::VersionNumber number) const noexcept;
  Version* find(store::VersionNumber number) noexcept;
};

// As a head names the response (DER).
std::string response_digest(std::span<const std::byte> response);

std::string serialize(const Head& head);
Result<Head> parse_head(std::string_view text);

// A version with its key and without its response.
Result<Secret> serialize(const crypto::Bundle& bundle, const store::VersionInfo& info);
Result<store::StoredCertificate> parse_version(const Secret& text);

// The version of a record is the newest revision that its writer had heard of. It grows even across
// a removal, so an older record that somebody puts back is noticed.
Secret serialize(const Secret& value, std::uint64_t version);
Result<store::StoredRecord> parse_stored_record(const Secret& text);

// A request to the leader. It is valid for a limited time, so that one that somebody puts back, or
// that comes from a restored backup, is not served again. Times are by etcd's clock.
struct Letter {
  static constexpr Seconds kLife{3600};

  Secret text;
  Time left;

  bool is_good_at(Time now) const noexcept { return std::chrono::abs(now - left) <= kLife; }
};
Secret serialize(const Letter& letter);
Result<Letter> parse_letter(const Secret& text);

}  // namespace ccm::fleet
