// SPDX-License-Identifier: Apache-2.0
// How a new version is tried out before it takes the place of the one that is shown: for how long,
// and with which share of the handshakes ("5min 10%"). Plain data and pure functions. What decides
// about it is in policy/canary.h.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ccm::config {

inline constexpr Seconds kShortestCanary{10};
inline constexpr Seconds kLongestCanary{7 * 86400};
// With a larger share, more clients would get the new version than the current one.
inline constexpr unsigned kLargestCanaryShare = 50;

struct CanaryPlan {
  Seconds time{};  // 0: a new version is not tried out
  unsigned percent = 10;

  bool is_set() const noexcept { return time > Seconds::zero(); }
  friend bool operator==(const CanaryPlan&, const CanaryPlan&) = default;
};

// "TIME [PERCENT]", or "off".
Result<CanaryPlan> parse_canary(const std::vector<std::string>& arguments);
// The same text again.
std::string to_string(const CanaryPlan& plan);

}  // namespace ccm::config
