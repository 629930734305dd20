// SPDX-License-Identifier: Apache-2.0
// Notices that somebody set the wall clock: it then runs away from the steady one. So it also looks
// when the machine slept, which is the same to everything that waits for a date.
//
// One thread. Borrows the clock.
#pragma once

#include "base/clock.h"

namespace ccm::lifecycle {

class ClockWatch {
 public:
  // Corrections that no wait would notice.
  static constexpr Seconds kTolerance{10};

  explicit ClockWatch(const Clock& clock)
      : clock_(clock), wall_(clock.now()), steady_(clock.steady_now()) {}

  // By how much the clock was set since the last call, forwards or (negative) backwards; 0 when it
  // was not.
  Seconds look() {
    const Time wall = clock_.now();
    const SteadyTime steady = clock_.steady_now();
    const auto passed = std::chrono::duration_cast<Seconds>(steady - steady_);
    const Seconds by = wall - wall_ - passed;
    wall_ = wall;
    steady_ = steady;
    return by > kTolerance || by < -kTolerance ? by : Seconds::zero();
  }

 private:
  const Clock& clock_;
  Time wall_;
  SteadyTime steady_;
};

}  // namespace ccm::lifecycle
