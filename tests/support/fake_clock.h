// SPDX-License-Identifier: Apache-2.0
// A clock that stands still until the test moves it. Safe to read and to move from any thread.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace ccm::test {

class FakeClock final : public Clock {
 public:
  // Starts at 2026-05-10T18:42:00Z unless told otherwise.
  explicit FakeClock(Time start = Time(Seconds(1778438520)))
      : wall_(start.time_since_epoch().count()) {}

  Time now() const override { return Time(Seconds(wall_)); }
  SteadyTime steady_now() const override { return SteadyTime(Seconds(steady_)); }

  // Time passes, on both clocks.
  void advance(Seconds by) {
    wall_ += by.count();
    steady_ += by.count();
  }
  // Somebody sets the wall clock, forwards or backwards; the steady clock does not notice.
  void set(Time time) { wall_ = time.time_since_epoch().count(); }

 private:
  std::atomic<Seconds::rep> wall_;
  std::atomic<Seconds::rep> steady_{0};
};

}  // namespace ccm::test
