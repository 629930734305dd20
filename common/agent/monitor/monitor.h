// SPDX-License-Identifier: Apache-2.0
// The monitor: the tiny process between the server and the agent. It waits on the lifeline,
// restarts the agent when the agent dies or hangs, and writes the agent's messages into the
// server's error log. It also restarts the agent when the credentials file has changed and is good
// (access_trial.h): when the server was started as root, only the monitor and its children can
// still read the file. It holds no credential and no key.
//
// Bootstrap, in this order (cited by the code):
//   1 main.cpp cleans the process: descriptors, signals, dumps, session
//   2 the settings are read from descriptor 5 and finalized
//   3 the guard is forked, a second monitor that waits (guard.h); it never returns here
//   4 the agent is forked; it goes on in service.h and never returns here
//   5 the loop: lifeline, log pipe, children, signs of life, credentials file
// Who watches whom: the monitor its two children, the guard the monitor. When the monitor dies, the
// kernel ends its agent (launch/process.h), and the guard becomes the monitor, with a new agent and
// a new guard. Only when monitor and guard die at the same time, nobody is left to start an agent:
// then the server's workers log it (server/watch/publication_watch.h), ccmctl shows it, and httpd
// starts all of them again.
#pragma once

#include <chrono>
#include <functional>

#include "agent/process/pulse.h"
#include "base/backoff.h"
#include "base/result.h"
#include "config/input/wire.h"

namespace ccm::agent {

// Delays before an agent that has died is restarted.
inline constexpr Backoff kAgentDelays{.first = std::chrono::milliseconds(500),
                                      .longest = std::chrono::seconds(30)};
// The same for an agent that needs an operator: what it lacks, such as a file system, may be there
// soon.
inline constexpr Backoff kOperatorDelays{.first = std::chrono::seconds(5),
                                         .longest = std::chrono::minutes(10)};

// What all processes of one agent share.
struct Family {
  const config::Handover& handover;
  // Called in a new process that becomes this member: drops what it inherited and sets its title.
  std::function<void(Member)> become;
  // The agent's whole life.
  std::function<int(const Pulse&)> agent;
  // Whether an agent could work with the present files that it reads as root.
  std::function<Result<void>()> try_access = [] { return Result<void>(); };
  Pulse pulse = Pulse::make();
};

// Runs until the lifeline ends; returns the exit status.
int run_monitor(const Family& family);

}  // namespace ccm::agent
