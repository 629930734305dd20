// SPDX-License-Identifier: Apache-2.0
// Whether the server has to start the agent again, and when. Usually it has not: the monitor
// replaces the agent, and its guard the monitor (agent/monitor.h). But all of them may have been
// killed, or stopped. Then the server starts new ones: at once the first time, later after a delay
// that grows, so that a program that cannot run costs nothing worth mentioning.
//
// For a server whose parent process has time of its own, such as httpd's. Fed with what the parent
// sees and with the time; one per configuration, used by the parent only.
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
  // Between a death and the next start. The first one is not waited for.
  static constexpr Backoff kDelays{
      .first = std::chrono::seconds(10), .longest = std::chrono::minutes(5), .immediate = 1};

  struct Sight {
    bool has_monitor = false;  // one was started and not stopped since
    bool is_attended = false;  // the agent, its monitor or its guard is left
    bool is_silent = false;    // nobody has published for a while
  };
  enum class Finding : std::uint8_t {
    nothing,  // all is well, or the delay is not over
    due,      // the delay is over: start it
    dead,     // all of them have died: stop(), lost()
    hanging,  // they do not move any more: the same
  };

  // Every few seconds.
  Finding look(const Sight& sight, SteadyTime now) const noexcept;

  // The monitor was started.
  void started(SteadyTime now) noexcept;
  // It could not be started, or is lost.
  void ended(SteadyTime now) noexcept;
  // The same for one that was found dead or hanging; returns what the log is to say.
  std::string lost(Finding finding, pid_t monitor, SteadyTime now);

  // Whether it is to be started now.
  bool is_due(SteadyTime now) const noexcept { return due_ && now >= *due_; }

 private:
  RestartBackoff backoff_{kDelays};
  std::optional<SteadyTime> started_;
  std::optional<SteadyTime> due_;  // when it has ended
};

}  // namespace ccm::server
