// SPDX-License-Identifier: Apache-2.0
// Waits for what another process does with the store. One thread.
#pragma once

#include <fmt/format.h>
#include <poll.h>

#include <string>
#include <string_view>

#include "base/clock.h"
#include "cli/output/terminal.h"

namespace ccm::cli {

inline std::string waiting_for(std::string_view name) {
  return fmt::format("{}: waiting for the agent", name);
}

// Waits until the condition is true, and says on a terminal for what ("www: waiting for the
// agent"). False when the time is over.
template <typename Condition>
bool wait_until(const Clock& clock, int seconds, std::string_view what, const Condition& is_so) {
  constexpr int kLookMilliseconds = 50;
  const SteadyTime begin = clock.steady_now();
  Progress progress;
  while (!is_so()) {
    const auto passed = std::chrono::duration_cast<Seconds>(clock.steady_now() - begin);
    if (passed >= Seconds(seconds)) return false;
    progress.show(fmt::format("{}, {} s", what, passed.count()));
    poll(nullptr, 0, kLookMilliseconds);
  }
  return true;
}

}  // namespace ccm::cli
