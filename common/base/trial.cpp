// SPDX-License-Identifier: Apache-2.0
#include "base/trial.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/handle.h"

namespace ccm {
namespace {

// Without /proc nobody knows, so this assumes a filter.
bool may_be_filtered() noexcept {
  const FileDescriptor file(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  if (!file) return true;
  std::array<char, 4096> buffer;
  const ssize_t count = read(file.get(), buffer.data(), buffer.size());
  if (count <= 0) return true;
  const std::string_view status(buffer.data(), static_cast<std::size_t>(count));
  return status.find("\nSeccomp:\t0") == std::string_view::npos;
}

// fork() that does not call the handlers of other code in this process (httpd's modules), and whose
// child ends without a SIGCHLD for the server.
pid_t fork_unnoticed() noexcept {
  return static_cast<pid_t>(syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL));
}

}  // namespace

bool is_deadly(void (*call)()) noexcept {
  if (!may_be_filtered()) return false;
  const pid_t child = fork_unnoticed();
  if (child < 0) return false;
  if (child == 0) {
    call();
    syscall(SYS_exit_group, 0);
  }
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(child, &status, __WALL);
  } while (ended < 0 && errno == EINTR);
  return ended == child && WIFSIGNALED(status);
}

}  // namespace ccm
