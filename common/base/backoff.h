// SPDX-License-Identifier: Apache-2.0
// How long to wait before something that failed is tried again. The only such rule in the tree;
// each caller has delays of its own. No clock: callers say how much time has passed.
#pragma once

#include <algorithm>
#include <chrono>

namespace ccm {

// A row of delays that grow with every failure. Pure.
struct Backoff {
  using Delay = std::chrono::milliseconds;

  Delay first;
  Delay longest;
  int factor = 2;
  // After each of the first so many failures in a row there is no delay.
  unsigned immediate = 0;

  // After the `failures`-th failure in a row (1 = first; 0 counts as 1).
  constexpr Delay delay(unsigned failures) const noexcept {
    if (immediate > 0 && failures <= immediate) return Delay::zero();
    Delay delay = std::min(first, longest);
    for (unsigned i = immediate + 1; i < failures && delay < longest; ++i) {
      delay = std::min(delay * factor, longest);
    }
    return delay;
  }
};

// Counts the failures of something that is meant to run for ever, such as a process. A failure
// after a run of at least a minute counts as the first. One object for each such thing; for one
// thread.
class RestartBackoff {
 public:
  static constexpr std::chrono::minutes kLongEnough{1};

  explicit constexpr RestartBackoff(Backoff delays) noexcept : delays_(delays) {}

  // Notes a failure after it ran for `lifetime`. Returns how long to wait before the next start.
  constexpr Backoff::Delay failed_after(Backoff::Delay lifetime) noexcept {
    if (lifetime >= kLongEnough) failures_ = 0;
    // Stays in range; at some point the delay has stopped growing.
    if (failures_ < kMostCounted) ++failures_;
    return delays_.delay(failures_);
  }
  // The same for a failed start.
  constexpr Backoff::Delay failed_at_once() noexcept {
    return failed_after(Backoff::Delay::zero());
  }
  // The cause may be gone, so the next failure counts as the first.
  constexpr void reset() noexcept { failures_ = 0; }

 private:
  static constexpr unsigned kMostCounted = 1000;

  Backoff delays_;
  unsigned failures_ = 0;
};

}  // namespace ccm
