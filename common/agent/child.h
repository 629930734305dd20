// SPDX-License-Identifier: Apache-2.0
// A process that the monitor has started: its agent, or the guard. Owned by the monitor; one
// thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "agent/pulse.h"
#include "agent/watchdog.h"
#include "base/handle.h"

namespace ccm::agent {

struct Child {
  pid_t pid = -1;
  FileDescriptor handle;  // pidfd: readable when it has ended
  FileDescriptor output;  // its standard error
  std::string partial;    // the beginning of a line whose end has not come yet
  std::chrono::steady_clock::time_point born;
  Watchdog watchdog = {};
  std::uint64_t beats_at_birth = 0;
};

// As fork(), of a process that does not outlive this one.
pid_t fork_child() noexcept;

// A descriptor that tells the end of a process; none where the system has or allows none.
FileDescriptor handle_of(pid_t pid) noexcept;

// Whether it has stopped moving. Before its first sign of life it may wait for others (a directory
// service that knows the account), as if it worked.
bool hangs(Child& child, const Pulse& pulse, Member member);

// Kills it, when there is one, and waits for its end.
void end_child(Child& child);

// "was killed by signal 9".
std::string describe_end(int status);

}  // namespace ccm::agent
