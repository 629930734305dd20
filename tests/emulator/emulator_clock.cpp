// SPDX-License-Identifier: Apache-2.0
#include "emulator_clock.h"

#include <ctime>

namespace emulator {
namespace {

std::int64_t nanoseconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::int64_t machine_ms() {
  return nanoseconds(CLOCK_REALTIME) / 1'000'000;
}
std::int64_t monotonic_ns() {
  return nanoseconds(CLOCK_MONOTONIC);
}

EmulatorClock::EmulatorClock(Store& store) : store_(store) {
  if (const json* kept = store_.find("setting", "clock")) shift_ms_ = kept->value("shift_ms", 0LL);
}

std::int64_t EmulatorClock::now_ms() const {
  return machine_ms() + shift_ms_;
}

void EmulatorClock::set_shift(std::int64_t milliseconds) {
  shift_ms_ = milliseconds;
  store_.put("setting", "clock", {{"shift_ms", milliseconds}});
}

}  // namespace emulator
