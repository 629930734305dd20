// SPDX-License-Identifier: Apache-2.0
#include "agent_watch.h"

#include <algorithm>

namespace ccm::apache {
namespace {

using std::chrono::seconds;

constexpr seconds kGoodLife{60};
constexpr seconds kFirstDelay{10};
constexpr seconds kLongestDelay{300};
constexpr unsigned kMostDoublings = 5;

}  // namespace

void AgentWatch::started(Time now) noexcept {
  started_ = now;
  due_.reset();
}

void AgentWatch::ended(Time now) noexcept {
  if (started_ && now - *started_ >= kGoodLife) failures_ = 0;
  started_.reset();
  const unsigned doublings = std::min(failures_ == 0 ? 0 : failures_ - 1, kMostDoublings);
  const seconds delay =
      failures_ == 0 ? seconds{0} : std::min(kFirstDelay * (1U << doublings), kLongestDelay);
  ++failures_;
  due_ = now + delay;
}

seconds AgentWatch::wait(Time now) const noexcept {
  if (!due_ || *due_ <= now) return seconds{0};
  return std::chrono::ceil<seconds>(*due_ - now);
}

}  // namespace ccm::apache
