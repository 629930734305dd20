// SPDX-License-Identifier: Apache-2.0
// When an agent whose monitor died is started again: at once, but not for ever. What dies again and
// again within a minute waits longer each time, from ten seconds to five minutes, so that a program
// that cannot run costs nothing worth mentioning. Fed with the time; one per configuration, used by
// the parent only.
#pragma once

#include <chrono>
#include <optional>

namespace ccm::apache {

class AgentWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void started(Time now) noexcept;
  // It died, or could not be started.
  void ended(Time now) noexcept;
  bool is_due(Time now) const noexcept { return due_ && now >= *due_; }
  // Until it is started again, when it has ended.
  std::chrono::seconds wait(Time now) const noexcept;

 private:
  std::optional<Time> started_;
  std::optional<Time> due_;
  unsigned failures_ = 0;
};

}  // namespace ccm::apache
