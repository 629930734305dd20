// SPDX-License-Identifier: Apache-2.0
// What a server's workers count while a new version is on trial: how handshakes end with the
// version that is current, and how with the new one. Plain values.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ccm {

enum class CanaryCount : std::uint8_t {
  shown,      // handshakes in which the version was handed over
  completed,  // of those, the ones that succeeded
  returned,   // of those that succeeded, the ones whose client then refused the certificate
  // Why they failed, as far as an alert tells: the client's, or the server's own.
  bad_certificate,
  certificate_expired,
  certificate_unknown,
  unknown_ca,
  client_other,
  server_alert,
};
inline constexpr std::size_t kCanaryCounts = 9;
inline constexpr std::size_t kFirstCanaryReason =
    static_cast<std::size_t>(CanaryCount::bad_certificate);

// As status and metrics write it.
constexpr std::string_view to_string(CanaryCount count) noexcept {
  constexpr std::array<std::string_view, kCanaryCounts> kWords = {
      "shown",           "completed",           "returned",
      "bad_certificate", "certificate_expired", "certificate_unknown",
      "unknown_ca",      "client_other",        "server_alert"};
  return kWords[static_cast<std::size_t>(count)];
}

struct CanarySide {
  std::array<std::uint64_t, kCanaryCounts> counts{};

  std::uint64_t at(CanaryCount count) const noexcept {
    return counts[static_cast<std::size_t>(count)];
  }
  std::uint64_t shown() const noexcept { return at(CanaryCount::shown); }
  // A client that leaves without an alert counts as failed. Handshakes that are under way also
  // count for a moment, but for both versions by their share.
  std::uint64_t failed() const noexcept {
    const std::uint64_t good = at(CanaryCount::completed) -
                               std::min(at(CanaryCount::completed), at(CanaryCount::returned));
    return shown() - std::min(shown(), good);
  }
  void add(const CanarySide& other) noexcept {
    for (std::size_t i = 0; i < kCanaryCounts; ++i) counts[i] += other.counts[i];
  }
  // What was counted since `before`.
  CanarySide since(const CanarySide& before) const noexcept {
    CanarySide side;
    for (std::size_t i = 0; i < kCanaryCounts; ++i) {
      side.counts[i] = counts[i] - std::min(counts[i], before.counts[i]);
    }
    return side;
  }
  bool operator==(const CanarySide&) const = default;
};

struct CanaryTally {
  CanarySide current;
  CanarySide candidate;

  void add(const CanaryTally& other) noexcept {
    current.add(other.current);
    candidate.add(other.candidate);
  }
  CanaryTally since(const CanaryTally& before) const noexcept {
    return {.current = current.since(before.current),
            .candidate = candidate.since(before.candidate)};
  }
  bool operator==(const CanaryTally&) const = default;
};

// Of all servers of one host.
struct HostTally {
  std::string host;  // its name in the fleet; empty: this host
  CanaryTally tally;
};
using HostTallies = std::vector<HostTally>;

inline CanaryTally sum_of(const HostTallies& hosts) noexcept {
  CanaryTally sum;
  for (const HostTally& each : hosts) sum.add(each.tally);
  return sum;
}

}  // namespace ccm
