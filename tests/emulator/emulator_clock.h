// SPDX-License-Identifier: Apache-2.0
// The emulator's time: the machine's clock plus a shift that the admin side sets and the store
// keeps. Owned by World, used under its lock.
#pragma once

#include <cstdint>

#include "store.h"

namespace emulator {

inline constexpr std::int64_t kDay = 86400;          // seconds
inline constexpr std::int64_t kDayMs = kDay * 1000;  // milliseconds

class EmulatorClock {
 public:
  explicit EmulatorClock(Store& store);

  std::int64_t now_ms() const;  // milliseconds since 1970
  std::int64_t now_s() const { return now_ms() / 1000; }
  std::int64_t shift_ms() const { return shift_ms_; }
  void set_shift(std::int64_t milliseconds);

 private:
  Store& store_;
  std::int64_t shift_ms_ = 0;
};

std::int64_t machine_ms();    // milliseconds since 1970, not shifted
std::int64_t monotonic_ns();  // CLOCK_MONOTONIC, comparable between processes of one machine

}  // namespace emulator
