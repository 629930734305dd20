// SPDX-License-Identifier: Apache-2.0
#include "launch/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/memory_file.h"
#include "base/trial.h"

namespace ccm::launch {
namespace {

// Settings of a hundred thousand certificates are far smaller; anything larger does not come from
// us.
constexpr off_t kMostSettings = off_t{1} << 30;

void try_prctl() {
  prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

void try_setrlimit() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

}  // namespace

Result<void> forbid_dumps(std::string_view who) {
  const std::string traces = fmt::format("forbidding others to trace {} (prctl)", who);
  const rlimit none{0, 0};
  const bool has_limit = !is_deadly(try_setrlimit) && setrlimit(RLIMIT_CORE, &none) == 0;
  const int number = errno;
  if (is_deadly(try_prctl)) {
    return fail(ErrorKind::internal,
                fmt::format("{}: the system kills a process that calls it", traces));
  }
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail(system_error(traces, errno));
  if (!has_limit) return fail(system_error("forbidding core files (setrlimit)", number));
  return {};
}

Result<void> give_up_new_privileges() {
  constexpr std::string_view kActivity = "giving up new privileges (prctl)";
  if (is_deadly(try_prctl)) {
    return fail(ErrorKind::internal,
                fmt::format("{}: the system kills a process that calls it", kActivity));
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail(system_error(kActivity, errno));
  return {};
}

void die_with_parent() noexcept {
  if (!is_deadly(try_prctl)) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

void reset_signals() noexcept {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &standard, nullptr);
  struct sigaction ignored = {};
  ignored.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignored, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_other_descriptors() noexcept {
  close_descriptors_from(kFirstOtherDescriptor);
}

Result<void> check_descriptors() {
  for (int fd = kSegmentDescriptor; fd <= kSettingsDescriptor; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) {
      return fail(ErrorKind::rejected,
                  "ccm-agent is started by the web server's module, not by hand: it gets its "
                  "settings from there");
    }
  }
  return {};
}

Result<std::string> read_from_start(int descriptor) {
  struct stat status = {};
  if (fstat(descriptor, &status) != 0) return fail(system_error("reading the settings", errno));
  if (status.st_size > kMostSettings) {
    return fail(ErrorKind::invalid, "the settings handed over by the server are too large");
  }
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t count =
        pread(descriptor, content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(system_error("reading the settings", errno));
    if (count == 0) return fail(ErrorKind::invalid, "the settings end too soon");
    done += static_cast<std::size_t>(count);
  }
  return content;
}

void set_title(char* argv0, std::size_t room, const Title& title) noexcept {
  std::memset(argv0, 0, room);
  std::memcpy(argv0, title.line.data(), std::min(room, title.line.size()));
  if (!is_deadly(try_prctl)) prctl(PR_SET_NAME, title.command, 0, 0, 0);
}

}  // namespace ccm::launch
