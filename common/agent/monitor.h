// SPDX-License-Identifier: Apache-2.0
// The monitor: the tiny process between the server and the agent. It waits on the lifeline, starts
// the agent again when it dies or does not move any more, starts it anew when the credentials file
// changes and is good (access_trial.h; only a process of the monitor's may still read it when the
// server was started as root), and carries the agent's
// messages into the server's error log. It holds no credential and no key.
//
// Bootstrap, in this order (cited by the code):
//   1 main.cpp cleans the process: descriptors, signals, dumps, session
//   2 the settings are read from descriptor 5 and finalized
//   3 the guard is forked, a second monitor that waits (guard.h); it never returns here
//   4 the agent is forked; it goes on in service.h and never returns here
//   5 the loop: lifeline, log pipe, children, signs of life, credentials file
// Who watches whom: the monitor its two children, the guard the monitor. When the monitor dies, the
// kernel ends its agent (process.h), and the guard takes the monitor's place, with an agent and a
// guard of its own. Only when monitor and guard are gone at the same time nobody is left to start
// an agent: then the server's workers say so in the log (server/publication_watch.h), ccmctl does,
// and httpd starts all of them again.
#pragma once

#include <chrono>
#include <functional>

#include "agent/pulse.h"
#include "base/backoff.h"
#include "base/result.h"
#include "config/wire.h"

namespace ccm::agent {

// Before the agent is started again that has died.
inline constexpr Backoff kAgentDelays{.first = std::chrono::milliseconds(500),
                                      .longest = std::chrono::seconds(30)};
// After an agent that only an operator can help: what was missing, such as a file system, may be
// there soon.
inline constexpr Backoff kOperatorDelays{.first = std::chrono::seconds(5),
                                         .longest = std::chrono::minutes(10)};

// What all processes of one agent know.
struct Family {
  const config::Handover& handover;
  // A new process becomes this member: it drops what it inherited and shows its name.
  std::function<void(Member)> become;
  // The agent's whole life.
  std::function<int(const Pulse&)> agent;
  // Whether an agent could work with the files that it reads as root, as they are now.
  std::function<Result<void>()> try_access = [] { return Result<void>(); };
  Pulse pulse = Pulse::make();
};

// Runs until the lifeline ends; returns the exit status.
int run_monitor(const Family& family);

}  // namespace ccm::agent
