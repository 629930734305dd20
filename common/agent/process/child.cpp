// SPDX-License-Identifier: Apache-2.0
#include "agent/process/child.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/system_call_numbers.h"
#include "base/trial.h"
#include "launch/process.h"

namespace ccm::agent {
namespace {

void try_pidfd() {
  static_cast<void>(syscall(calls::kPidfdOpen, -1, 0U));
}

}  // namespace

pid_t fork_child() noexcept {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid != 0) return pid;
  launch::die_with_parent();
  if (getppid() != parent) _exit(1);
  return pid;
}

FileDescriptor handle_of(pid_t pid) noexcept {
  if (is_deadly(try_pidfd)) return {};
  return FileDescriptor(static_cast<int>(syscall(calls::kPidfdOpen, pid, 0U)));
}

bool hangs(Child& child, const Pulse& pulse, Member member) {
  const auto now = std::chrono::steady_clock::now();
  if (child.pid < 0 || !pulse.counts()) return false;
  const std::uint64_t beats = pulse.beats(member);
  const std::chrono::nanoseconds work =
      beats == child.beats_at_birth ? now.time_since_epoch() : processor_time(child.pid);
  return child.watchdog.look(now, beats, work);
}

void end_child(Child& child) {
  if (child.pid > 0) {
    kill(child.pid, SIGKILL);
    waitpid(child.pid, nullptr, 0);
  }
  child = Child{};
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was killed by signal {}", WTERMSIG(status));
  return fmt::format("ended with status {}", WEXITSTATUS(status));
}

}  // namespace ccm::agent
