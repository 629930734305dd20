// Waiting for what another process does with the store. One thread.
#pragma once

#include <poll.h>

#include "base/clock.h"

namespace ccm::cli {

// Looks until it is so; false when the time is over.
template <typename Condition>
bool wait_until(const Clock& clock, int seconds, const Condition& is_so) {
  constexpr int kLookMilliseconds = 50;
  const SteadyTime end = clock.steady_now() + Seconds(seconds);
  while (!is_so()) {
    if (clock.steady_now() >= end) return false;
    poll(nullptr, 0, kLookMilliseconds);
  }
  return true;
}

}  // namespace ccm::cli
