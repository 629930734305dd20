// SPDX-License-Identifier: Apache-2.0
// Whether a new version fails more often than the one that is current: on all hosts of a fleet
// taken together, or on one alone, whose clients may be others. Pure.
//
// The rule compares two shares of failed handshakes, of the new version and of the current one:
//   - at least kLeastFailures handshakes with the new version have failed, and
//   - its share is higher by at least kLeastRise, and
//   - by at least kDeviations standard deviations of the difference, as if both had the same share
//     (a z-test of two proportions, with one success and one failure added to each side, so that
//     few handshakes prove nothing).
// It is asked every second. With four deviations a false alarm is less likely than 1 in 30,000 at
// each look, and looks that follow each other see nearly the same. With too little traffic there is
// no verdict, and the version is shown to everybody at the end of the time.
//
// Of one host among several, kDeviationsOfOne are wanted: with many hosts there are many looks, of
// which none may be a false alarm.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/canary_tally.h"

namespace ccm::policy {

inline constexpr std::uint64_t kLeastFailures = 5;
inline constexpr double kLeastRise = 0.02;
inline constexpr double kDeviations = 4.0;
inline constexpr double kDeviationsOfOne = 6.0;

bool is_clearly_worse(const CanaryTally& tally, double deviations = kDeviations) noexcept;

// The counts where the new version is clearly worse. nullopt: nowhere.
struct CanaryRise {
  CanaryTally tally;
  std::optional<std::string> host;  // as in HostTally; nullopt: all hosts together
};
std::optional<CanaryRise> find_rise(const HostTallies& hosts);

}  // namespace ccm::policy
