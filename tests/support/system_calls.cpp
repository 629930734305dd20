#include "support/system_calls.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>

namespace ccm::test {
namespace {

// What a full disk refuses: everything that makes or keeps something, not what removes it.
const std::set<long>& denied_calls() {
  static const std::set<long> kCalls{
#ifdef SYS_mkdir
      SYS_open,     SYS_mkdir,    SYS_rename,    SYS_symlink,   SYS_chmod,
#endif
      SYS_openat,   SYS_mkdirat,  SYS_write,     SYS_pwrite64,  SYS_fsync, SYS_fchmod,
      SYS_fchmodat, SYS_renameat, SYS_renameat2, SYS_symlinkat, SYS_close};
  return kCalls;
}

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::abort();
}

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

// The number of the call that the child is entering; -1 when it is leaving one.
long entered_call(pid_t child) {
  struct __ptrace_syscall_info info {};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) <= 0) {
    give_up("PTRACE_GET_SYSCALL_INFO");
  }
  return info.op == PTRACE_SYSCALL_INFO_ENTRY ? static_cast<long>(info.entry.nr) : -1;
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
    if (entered_call(child) < 0 || ++count < n) continue;
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
    if (!denied_calls().contains(entered_call(child)) || ++count != n) continue;
    run.was_reached = true;
    deny(child, error_number);
  }
  return run;
}

}  // namespace ccm::test
