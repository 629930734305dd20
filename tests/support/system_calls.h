// SPDX-License-Identifier: Apache-2.0
// Runs a piece of code in a child process and interferes at its n-th system call: kill -9 before
// it, a failure (a full disk) instead of it, or something that another process does before it. With
// n = 1, 2, 3, … until the child gets to its end, every possible place is tried. By ptrace, so it
// needs no privilege.
//
//   for (int n = 1; run_and_kill(n, body).was_reached; ++n) { …check what is left… }
#pragma once

#include <functional>

namespace ccm::test {

struct TracedRun {
  bool was_reached = false;  // the child came to the n-th call; false: it ended before
  int exit_code = -1;        // what `body` returned (0 to 255), when it was allowed to end
};

// Kills the child when it enters its n-th system call.
TracedRun run_and_kill(int n, const std::function<int()>& body);
// Lets the child's n-th system call that asks the file system for something (create, write, sync,
// rename, …) fail with `error_number`.
TracedRun run_and_deny(int n, int error_number, const std::function<int()>& body);

// Calls `between` in this process while the child waits to enter its n-th system call.
TracedRun run_and_pause(int n, const std::function<void()>& between,
                        const std::function<int()>& body);

}  // namespace ccm::test
