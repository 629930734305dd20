// SPDX-License-Identifier: Apache-2.0
// Whether the server has to start the agent again, and when. Usually it need not: the monitor
// replaces the agent, and the guard replaces the monitor (agent/monitor/monitor.h). But all of them
// may have been killed or stopped. Then the server starts new ones, at once the first time and
// later after a growing delay, so that a program that cannot run costs little.
//
// For a server whose parent process can act regularly, such as httpd's. The parent passes in what
// it sees and the time. One per configuration, used by the parent only.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/backoff.h"
#include "base/clock.h"

namespace ccm::server {

class AgentWatch {
 public:
  // Delays between a death and the next start. The first start has no delay.
  static constexpr Backoff kDelays{
      .first = std::chrono::seconds(10), .longest = std::chrono::minutes(5), .immediate = 1};

  struct Sight {
    bool has_monitor = false;  // one was started and not stopped since
    bool is_attended = false;  // the agent, its monitor or its guard still exists
    bool is_silent = false;    // nobody has published for a while
  };
  enum class Finding : std::uint8_t {
    nothing,  // all is well, or the delay is not over
    due,      // the delay is over: start the monitor
    dead,     // all of them have died: stop(), lost()
    hanging,  // they exist and do nothing: stop(), lost()
  };

  // To be called every few seconds.
  Finding look(const Sight& sight, SteadyTime now) const noexcept;

  // The monitor was started.
  void started(SteadyTime now) noexcept;
  // The monitor could not be started, or is lost.
  void ended(SteadyTime now) noexcept;
  // The same for a monitor that look() has found dead or hanging. Returns the sentence for the log.
  std::string lost(Finding finding, pid_t monitor, SteadyTime now);

  // Whether to start the monitor now.
  bool is_due(SteadyTime now) const noexcept { return due_ && now >= *due_; }

 private:
  RestartBackoff backoff_{kDelays};
  std::optional<SteadyTime> started_;
  std::optional<SteadyTime> due_;  // when the next start is due
};

}  // namespace ccm::server
