// SPDX-License-Identifier: Apache-2.0
#include "agent/monitor/guard.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "agent/process/server_log.h"
#include "agent/process/watchdog.h"
#include "launch/process.h"

namespace ccm::agent {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds kLookAtMonitor{1000};
// A monitor that sees the end of the lifeline ends within milliseconds.
constexpr Milliseconds kMonitorPatience{1000};
// A monitor that dies at once must not be replaced in a fast loop.
constexpr Milliseconds kShortLife{5000};
constexpr Milliseconds kPause{1000};

// False when the lifeline has ended.
bool wait(Milliseconds time) {
  pollfd lifeline{launch::kLifelineDescriptor, POLLIN, 0};
  return poll(&lifeline, 1, static_cast<int>(time.count())) <= 0;
}

// A process whose parent dies gets another parent.
bool is_there(pid_t monitor) {
  return getppid() == monitor;
}

// The server is gone. Ends a stopped monitor, which cannot see that.
void end_monitor(pid_t monitor) {
  const auto patience_ends = SteadyClock::now() + kMonitorPatience;
  while (is_there(monitor) && SteadyClock::now() < patience_ends) poll(nullptr, 0, 10);
  if (is_there(monitor)) kill(monitor, SIGKILL);
}

// Why the monitor has ended; empty when the lifeline has ended.
std::string await_end(const Family& family, pid_t monitor) {
  Watchdog watchdog;
  std::string reason = "has died";
  while (is_there(monitor)) {
    family.pulse.beat(Member::guard);
    if (!wait(kLookAtMonitor)) {
      end_monitor(monitor);
      return {};
    }
    const bool hangs = family.pulse.counts() &&
                       watchdog.look(SteadyClock::now(), family.pulse.beats(Member::monitor),
                                     processor_time(monitor));
    if (!hangs || !is_there(monitor)) continue;
    reason = "did not move any more and was killed";
    kill(monitor, SIGKILL);
  }
  return reason;
}

}  // namespace

int stand_guard(const Family& family, pid_t monitor) {
  const auto born = SteadyClock::now();
  const std::string reason = await_end(family, monitor);
  if (reason.empty()) return 0;
  if (SteadyClock::now() - born < kShortLife && !wait(kPause)) return 0;
  ServerLog(family.handover.server)
      .write({Severity::warn, fmt::format("the agent's monitor (process {}) {}; process {} takes "
                                          "its place and starts another agent",
                                          monitor, reason, getpid())},
             getpid());
  family.become(Member::monitor);
  return run_monitor(family);
}

}  // namespace ccm::agent
