// SPDX-License-Identifier: Apache-2.0
// Whether what a server shows is what the store has, and for how long it is good: one look at a
// server (crypto/verification/handshake_probe.h) held against the current version of a certificate.
// Pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "crypto/verification/handshake_probe.h"
#include "store/store_reader.h"

namespace ccm::cli {

// The states of the monitoring plug-ins; the numbers are their exit codes.
enum class Level : std::uint8_t { ok = 0, warning = 1, critical = 2, unknown = 3 };
// "OK", "WARNING", "CRITICAL", "UNKNOWN".
std::string_view word_of(Level level) noexcept;
// critical, then unknown, then warning, then ok.
Level worse(Level a, Level b) noexcept;

// How early before its end a certificate is worth a word.
struct Limits {
  Seconds warning{};
  Seconds critical{};
};
// What the operator gave, or else 20 and 7 days: as shares of 90 days where the certificate lives
// shorter.
struct LimitOptions {
  std::optional<Seconds> warning = {};
  std::optional<Seconds> critical = {};
};
Limits limits_for(const LimitOptions& options, Seconds life) noexcept;

// What is judged, and by what.
struct Expectation {
  const store::VersionInfo* stored = nullptr;  // the current version; nullptr: none
  // Whether what is shown is known to be the stored chain, and nothing of it is to be compared.
  bool is_stored_chain = false;
  bool has_response = false;  // the store has an OCSP response
  // Reads the current version, when it takes more to judge; nullptr when it cannot be read. It may
  // be a newer one than `stored` by then.
  std::function<const store::StoredCertificate*()> load = {};
  std::string server_name;  // that was asked for
  LimitOptions limits = {};
  Time now{};
  // Whether a client of this system accepts the chain at `now`.
  std::function<bool(const std::vector<crypto::Certificate>&)> is_trusted = {};
};

struct ServedVerdict {
  Level level = Level::ok;
  // The first difference, or what else is wrong, as the end of a sentence whose subject is the
  // server: "shows its placeholder …". When all is well: what it shows.
  std::string sentence;
  // Of what is shown: how long it is good, and whether it is for the name that was asked for.
  std::optional<Seconds> left = {};
  bool is_for_name = false;
  std::string serial = {};
  std::string fingerprint = {};
};
ServedVerdict judge(const crypto::Probe& probe, const Expectation& expected);

// "62 d", "5 h", "12 min", "over": for a line of a monitoring system.
std::string short_duration(Seconds left);

}  // namespace ccm::cli
