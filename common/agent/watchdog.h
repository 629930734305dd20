// SPDX-License-Identifier: Apache-2.0
// Whether a process that should give signs of life has stopped to do so: it was stopped, or its
// main thread waits for something that never comes. Looks are counted rather than seconds, so that
// nobody is accused after the machine slept or the watcher itself was stopped. Pure but for
// processor_time(); one per watched process.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace ccm::agent {

class Watchdog {
 public:
  static constexpr std::chrono::milliseconds kBetweenLooks{1000};
  // So many looks in a row without a sign of life and without any work.
  static constexpr unsigned kStill = 20;
  // So many without a sign of life, whatever it works at: no single step takes so long.
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

// What the process has used of the processor, all threads together; 0 when that cannot be told.
std::chrono::nanoseconds processor_time(pid_t process) noexcept;

}  // namespace ccm::agent
