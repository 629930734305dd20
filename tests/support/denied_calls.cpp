// SPDX-License-Identifier: Apache-2.0
#include "support/denied_calls.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/system_call_numbers.h"

namespace ccm::test {
namespace {

constexpr std::string_view kAfter418 = "after-4.18";

constexpr std::array kCalls{
    std::pair{std::string_view("memfd_create"), long{SYS_memfd_create}},
    std::pair{std::string_view("madvise"), long{SYS_madvise}},
    std::pair{std::string_view("inotify_init1"), long{SYS_inotify_init1}},
    std::pair{std::string_view("prctl"), long{SYS_prctl}},
    std::pair{std::string_view("close_range"), calls::kCloseRange},
    std::pair{std::string_view("pidfd_open"), calls::kPidfdOpen},
    std::pair{std::string_view("openat2"), calls::kOpenat2},
    std::pair{std::string_view("prlimit64"), long{SYS_prlimit64}},
    std::pair{std::string_view("eventfd2"), long{SYS_eventfd2}},
    std::pair{std::string_view("getrandom"), long{SYS_getrandom}},
    std::pair{std::string_view("renameat2"), long{SYS_renameat2}},
    std::pair{std::string_view("fallocate"), long{SYS_fallocate}},
    std::pair{std::string_view("sync_file_range"), long{SYS_sync_file_range}},
    std::pair{std::string_view("socketpair"), long{SYS_socketpair}},
    std::pair{std::string_view("setresuid"), long{SYS_setresuid}},
    std::pair{std::string_view("setfsuid"), long{SYS_setfsuid}},
    std::pair{std::string_view("capset"), long{SYS_capset}},
    std::pair{std::string_view("seccomp"), long{SYS_seccomp}},
    std::pair{std::string_view("landlock_create_ruleset"), calls::kLandlockCreateRuleset},
    std::pair{kAfter418, calls::kFirstAfter418},
};

constexpr std::array kAnswers{
    std::pair{std::string_view("EPERM"), EPERM},
    std::pair{std::string_view("ENOSYS"), ENOSYS},
    std::pair{std::string_view("EACCES"), EACCES},
    std::pair{std::string_view("KILL"), 0},
};

template <typename Table>
auto look_up(const Table& table, std::string_view name) {
  for (const auto& [text, value] : table) {
    if (text == name) return value;
  }
  std::fprintf(stderr, "not known here: %.*s\n", static_cast<int>(name.size()), name.data());
  std::abort();
}

void add_denial(std::vector<sock_filter>& code, const Denial& denial, std::uint32_t answer) {
  const auto load = [&code](std::size_t offset) {
    code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  };
  const auto test =
      static_cast<std::uint16_t>(BPF_JMP | BPF_K | (denial.and_later ? BPF_JGE : BPF_JEQ));
  const bool looks_closer = denial.second_bits != 0;
  code.push_back(BPF_JUMP(test, static_cast<std::uint32_t>(denial.call), 0,
                          static_cast<std::uint8_t>(looks_closer ? 4 : 1)));
  if (looks_closer) {
    load(offsetof(seccomp_data, args) + sizeof(seccomp_data::args[0]));  // its lower half
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, denial.second_bits, 0, 1));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, answer));
  if (looks_closer) load(offsetof(seccomp_data, nr));
}

}  // namespace

Denial parse_denial(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view call = text.substr(0, equals);
  const bool has_answer = equals != std::string_view::npos;
  return {look_up(kCalls, call), has_answer ? look_up(kAnswers, text.substr(equals + 1)) : EPERM,
          call == kAfter418};
}

void deny_calls(const std::vector<Denial>& denials) {
  std::vector<sock_filter> code{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offsetof(seccomp_data, nr)))};
  for (const Denial& denial : denials) {
    const std::uint32_t answer =
        denial.error_number == 0
            ? std::uint32_t{SECCOMP_RET_KILL_PROCESS}
            : SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(denial.error_number);
    add_denial(code, denial, answer);
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  // Root needs no PR_SET_NO_NEW_PRIVS, which would be seen in what the test starts.
  if (geteuid() != 0) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // A sanitizer's own thread too: glibc changes the user in every thread or ends the process.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) {
    std::perror("seccomp");
    std::abort();
  }
}

int in_child_without(const std::vector<Denial>& denials, const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    deny_calls(denials);
    _exit(body());
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace ccm::test
