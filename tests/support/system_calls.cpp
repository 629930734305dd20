// SPDX-License-Identifier: Apache-2.0
#include "support/system_calls.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <optional>

namespace ccm::test {
namespace {

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::abort();
}

struct Call {
  long number;
  std::array<unsigned long long, 6> arguments;
};

pid_t start(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child < 0) give_up("fork");
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    _exit(body());
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) give_up("waitpid");
  if (ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) != 0) {
    give_up("ptrace");
  }
  return child;
}

// Runs the child to its next system call boundary; false when it ended, with its code in
// `exit_code`.
bool next_stop(pid_t child, int& exit_code) {
  int signal = 0;
  for (;;) {
    ptrace(PTRACE_SYSCALL, child, nullptr, signal);
    int status = 0;
    if (waitpid(child, &status, 0) != child) give_up("waitpid");
    if (WIFEXITED(status)) exit_code = WEXITSTATUS(status);
    if (!WIFSTOPPED(status)) return false;
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) return true;
    signal = WSTOPSIG(status);
  }
}

// The call that the child is entering; nullopt when it is leaving one.
std::optional<Call> entered_call(pid_t child) {
  struct __ptrace_syscall_info info {};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) <= 0) {
    give_up("PTRACE_GET_SYSCALL_INFO");
  }
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return std::nullopt;
  Call call{.number = static_cast<long>(info.entry.nr), .arguments = {}};
  std::copy(std::begin(info.entry.args), std::end(info.entry.args), call.arguments.begin());
  return call;
}

// Whether a full disk would refuse it: whatever makes or keeps something, not what reads or
// removes.
bool needs_space(const Call& call) {
  switch (call.number) {
    case SYS_openat:
      return (call.arguments[2] & O_CREAT) != 0;
#ifdef SYS_open
    case SYS_open:
      return (call.arguments[1] & O_CREAT) != 0;
    case SYS_mkdir:
    case SYS_rename:
    case SYS_symlink:
    case SYS_chmod:
#endif
    case SYS_mkdirat:
    case SYS_renameat:
    case SYS_renameat2:
    case SYS_symlinkat:
    case SYS_fchmod:
    case SYS_fchmodat:
    case SYS_write:
    case SYS_pwrite64:
    case SYS_fsync:
    case SYS_close:
      return true;
    default:
      return false;
  }
}

// Replaces the call being entered by one that does nothing and returns -error_number.
void deny(pid_t child, int error_number) {
  int exit_code = 0;
#if defined(__x86_64__)
  user_regs_struct registers{};
  ptrace(PTRACE_GETREGS, child, nullptr, &registers);
  registers.orig_rax = static_cast<unsigned long long>(-1);
  ptrace(PTRACE_SETREGS, child, nullptr, &registers);
  if (!next_stop(child, exit_code)) give_up("denied call");
  ptrace(PTRACE_GETREGS, child, nullptr, &registers);
  registers.rax = static_cast<unsigned long long>(-error_number);
  ptrace(PTRACE_SETREGS, child, nullptr, &registers);
#elif defined(__aarch64__)
  int number = -1;
  iovec call{&number, sizeof number};
  ptrace(PTRACE_SETREGSET, child, NT_ARM_SYSTEM_CALL, &call);
  if (!next_stop(child, exit_code)) give_up("denied call");
  user_regs_struct registers{};
  iovec all{&registers, sizeof registers};
  ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &all);
  registers.regs[0] = static_cast<unsigned long long>(-error_number);
  ptrace(PTRACE_SETREGSET, child, NT_PRSTATUS, &all);
#else
#error "say here how a system call is denied on this processor"
#endif
}

}  // namespace

TracedRun run_and_kill(int n, const std::function<int()>& body) {
  TracedRun run;
  const pid_t child = start(body);
  for (int count = 0; next_stop(child, run.exit_code);) {
    if (!entered_call(child) || ++count < n) continue;
    run.was_reached = true;
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    break;
  }
  // The last call of all is the end itself: nothing is left to interrupt.
  return run;
}

TracedRun run_and_deny(int n, int error_number, const std::function<int()>& body) {
  TracedRun run;
  const pid_t child = start(body);
  for (int count = 0; next_stop(child, run.exit_code);) {
    const std::optional<Call> call = entered_call(child);
    if (!call || !needs_space(*call) || ++count != n) continue;
    run.was_reached = true;
    deny(child, error_number);
  }
  return run;
}

TracedRun run_and_pause(int n, const std::function<void()>& between,
                        const std::function<int()>& body) {
  TracedRun run;
  const pid_t child = start(body);
  for (int count = 0; next_stop(child, run.exit_code);) {
    if (!entered_call(child) || ++count != n) continue;
    run.was_reached = true;
    between();
  }
  return run;
}

}  // namespace ccm::test
