// SPDX-License-Identifier: Apache-2.0
// A process that the monitor has started: its agent, or the guard. Owned by the monitor; one
// thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "agent/process/pulse.h"
#include "agent/process/watchdog.h"
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

// Like fork(); the child does not outlive this process.
pid_t fork_child() noexcept;

// A descriptor that becomes readable when the process ends (pidfd); empty when the system has or
// allows none.
FileDescriptor handle_of(pid_t pid) noexcept;

// Whether the child hangs. Until its first sign of life it counts as busy, because it may wait for
// others (a directory service that knows the account).
bool hangs(Child& child, const Pulse& pulse, Member member);

// Kills the child, if there is one, and waits for its end.
void end_child(Child& child);

// "was killed by signal 9".
std::string describe_end(int status);

}  // namespace ccm::agent
