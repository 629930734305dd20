// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "agent/process/call_filter.h"
#include "agent/process/confinement.h"
#include "base/file.h"
#include "base/system_call_numbers.h"
#include "launch/process.h"
#include "support/denied_calls.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"

namespace ccm::agent {
namespace {

int in_child(const std::function<int()>& body) {
  return test::in_child_without({}, body);
}

bool is_refused(long answer, int error_number = EPERM) {
  return answer < 0 && errno == error_number;
}

TEST(CallFilter, RefusesOtherProgramsAndOtherProcesses) {
  EXPECT_EQ(in_child([] {
              if (!launch::give_up_new_privileges() || !refuse_needless_calls()) return 1;
              char name[] = "/bin/true";
              char* const arguments[] = {name, nullptr};
              if (!is_refused(execve(name, arguments, arguments))) return 2;
              if (!is_refused(fork())) return 3;
              if (!is_refused(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr))) return 4;
              if (!is_refused(syscall(SYS_bpf, 0, nullptr, 0))) return 5;
              if (!is_refused(syscall(calls::kIoUringSetup, 1, nullptr))) return 6;
              if (!is_refused(socket(AF_PACKET, SOCK_RAW, 0), EAFNOSUPPORT)) return 7;
              if (!is_refused(socket(AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT)) return 8;
              if (!is_refused(syscall(SYS_setuid, 0))) return 9;
              return 0;
            }),
            0);
}

TEST(CallFilter, LeavesWhatTheAgentNeeds) {
  EXPECT_EQ(in_child([] {
              if (!launch::give_up_new_privileges() || !refuse_needless_calls()) return 1;
              int done = 0;
              std::thread([&] { done = 1; }).join();
              if (done != 1) return 2;
              addrinfo* found = nullptr;
              if (getaddrinfo("localhost", "80", nullptr, &found) != 0) return 3;
              freeaddrinfo(found);
              for (const int family : {AF_UNIX, AF_INET, AF_NETLINK}) {
                const FileDescriptor made(socket(family, SOCK_DGRAM, 0));
                if (!made) return 4;
              }
              return 0;
            }),
            0);
}

class Landlock : public ::testing::Test {
 protected:
  void SetUp() override {
    if (syscall(calls::kLandlockCreateRuleset, nullptr, 0, 1U) < 2) {
      GTEST_SKIP() << "this kernel has no Landlock that can move files";
    }
    directory_.write("state/a/file", "x");
    directory_.write("state/b/file", "x");
    directory_.write("outside", "x");
  }
  int confined(const std::function<int()>& body) {
    return in_child([&] {
      if (chdir((directory_ / "state").c_str()) != 0) return 100;
      if (!launch::give_up_new_privileges() || !restrict_file_system()) return 101;
      return body();
    });
  }
  std::string outside() const { return (directory_ / "outside").string(); }

  test::TempDirectory directory_;
};

TEST_F(Landlock, TheStoreStaysWhole) {
  EXPECT_EQ(confined([&] {
              if (!write_file_atomically("./revision", "1")) return 1;
              if (!make_directories("./c/d") || rename("a", "c/d/a") != 0) return 2;
              if (!replace_symlink("./c/current", "d/a")) return 3;
              if (truncate("c/d/a/file", 0) != 0) return 4;
              return remove_tree("./b") && remove_tree("./c") ? 0 : 5;
            }),
            0);
}

TEST_F(Landlock, NothingElseIsWrittenOrExecuted) {
  EXPECT_EQ(confined([&] {
              if (open(outside().c_str(), O_WRONLY) >= 0) return 1;
              if (write_new_file(outside() + "-new", "x")) return 2;
              if (unlink(outside().c_str()) == 0) return 3;
              if (rename("a/file", (outside() + "-moved").c_str()) == 0) return 4;
              if (mkfifo("fifo", 0600) == 0) return 5;
              char name[] = "/bin/true";
              char* const arguments[] = {name, nullptr};
              if (!is_refused(execve(name, arguments, arguments), EACCES)) return 6;
              return read_file(outside(), 10) ? 0 : 7;
            }),
            0);
  EXPECT_EQ(test::read_whole_file(outside()), "x");
}

TEST_F(Landlock, NoPortIsBound) {
  if (syscall(calls::kLandlockCreateRuleset, nullptr, 0, 1U) < 4) {
    GTEST_SKIP() << "this kernel's Landlock knows no network";
  }
  EXPECT_EQ(confined([] {
              const FileDescriptor tcp(socket(AF_INET, SOCK_STREAM, 0));
              sockaddr_in any{};
              any.sin_family = AF_INET;
              any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
              any.sin_port = htons(1234);
              const auto* address = reinterpret_cast<const sockaddr*>(&any);
              return is_refused(bind(tcp.get(), address, sizeof any), EACCES) ? 0 : 1;
            }),
            0);
}

TEST(Confine, GoesOnWhereTheSystemRefusesAllOfIt) {
  const test::TempDirectory directory;
  for (const int error_number : {EPERM, ENOSYS, 0}) {
    const std::vector<test::Denial> denials{{SYS_seccomp, error_number},
                                            {calls::kLandlockCreateRuleset, error_number}};
    EXPECT_EQ(test::in_child_without(denials,
                                     [&] {
                                       if (chdir(directory.path().c_str()) != 0) return 1;
                                       test::MemoryLog log;
                                       confine(1, 2, log);
                                       return write_new_file("./file", "x") && remove_tree("./file")
                                                  ? 0
                                                  : 2;
                                     }),
              0)
        << error_number;
  }
}

TEST(CapabilitySets, AreEmptyForWhateverIsExecuted) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has some";
  EXPECT_EQ(in_child([] {
              drop_capability_sets();
              for (unsigned long each = 0; each <= CAP_LAST_CAP; ++each) {
                if (prctl(PR_CAPBSET_READ, each, 0, 0, 0) == 1) return 1;
              }
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace ccm::agent
