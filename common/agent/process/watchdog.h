// SPDX-License-Identifier: Apache-2.0
// Whether a process has stopped giving signs of life, because it was stopped or its main thread
// waits for ever. Counts looks, not seconds, so that a suspended machine or a stopped watcher
// raises no false alarm. Pure, except processor_time(). One per watched process.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace ccm::agent {

class Watchdog {
 public:
  static constexpr std::chrono::milliseconds kBetweenLooks{1000};
  // Hangs after so many looks in a row without a sign of life and without processor time.
  static constexpr unsigned kStill = 20;
  // Hangs after so many looks in a row without a sign of life, even if it uses processor time: no
  // single step takes so long.
  static constexpr unsigned kBusy = 300;

  using SteadyTime = std::chrono::steady_clock::time_point;

  // True when the process hangs. A call that comes too soon after the last one does not count.
  bool look(SteadyTime now, std::uint64_t beats, std::chrono::nanoseconds processor_time) noexcept;

 private:
  SteadyTime next_look_{};
  std::uint64_t beats_ = ~std::uint64_t{0};
  std::chrono::nanoseconds processor_time_{0};
  unsigned silent_looks_ = 0;
  unsigned still_looks_ = 0;
};

// The processor time of all threads of the process; 0 when it is not known.
std::chrono::nanoseconds processor_time(pid_t process) noexcept;

}  // namespace ccm::agent
