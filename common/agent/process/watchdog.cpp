// SPDX-License-Identifier: Apache-2.0
#include "agent/process/watchdog.h"

#include <ctime>

namespace ccm::agent {
namespace {

// The processor time of threads that wake up and find nothing to do.
constexpr std::chrono::milliseconds kNoWork{1};

}  // namespace

bool Watchdog::look(SteadyTime now, std::uint64_t beats,
                    std::chrono::nanoseconds processor_time) noexcept {
  if (now < next_look_) return false;
  next_look_ = now + kBetweenLooks;
  const bool works = processor_time - processor_time_ > kNoWork;
  processor_time_ = processor_time;
  if (beats != beats_) {
    beats_ = beats;
    silent_looks_ = still_looks_ = 0;
    return false;
  }
  ++silent_looks_;
  still_looks_ = works ? 0 : still_looks_ + 1;
  return still_looks_ >= kStill || silent_looks_ >= kBusy;
}

std::chrono::nanoseconds processor_time(pid_t process) noexcept {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) {
    return std::chrono::nanoseconds(0);
  }
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace ccm::agent
