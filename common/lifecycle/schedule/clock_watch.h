// SPDX-License-Identifier: Apache-2.0
// Notices that somebody set the wall clock, because it then differs from the steady clock. A
// suspended machine looks the same, since the steady clock stands still meanwhile, and needs the
// same treatment.
//
// One thread. Borrows the clock.
#pragma once

#include "base/clock.h"

namespace ccm::lifecycle {

class ClockWatch {
 public:
  // Smaller corrections do not matter to any wait.
  static constexpr Seconds kTolerance{10};

  explicit ClockWatch(const Clock& clock)
      : clock_(clock), wall_(clock.now()), steady_(clock.steady_now()) {}

  // By how much the wall clock was set since the last call: positive forwards, negative backwards,
  // 0 when it was not set.
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
