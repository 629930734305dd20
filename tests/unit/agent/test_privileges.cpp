// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "agent/process/privileges.h"
#include "base/file.h"
#include "support/denied_calls.h"
#include "support/system_calls.h"
#include "support/temp_directory.h"

namespace ccm::agent {
namespace {

namespace fs = std::filesystem;

// An account that every Debian has and that is not root.
Account some_account() {
  const passwd* entry = getpwnam("nobody");
  return {"nobody", entry->pw_uid, entry->pw_gid};
}

uid_t owner_of(const fs::path& path) {
  struct stat status = {};
  EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
  return status.st_uid;
}

// In a process of its own, because there is no way back.
int in_own_process(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class PrivilegesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    fs::permissions(directory_.path(), fs::perms(0711));
    directory_.write("state/certificates/www/state", "x");
    directory_.write("state/keys/own.pem", "x");
    fs::create_directory(directory_ / "state/records");
    fs::permissions(state(), fs::perms(0700));
  }
  std::string state() const { return (directory_ / "state").string(); }

  test::TempDirectory directory_{test::memory_backed_parent()};
  Account account_ = some_account();
};

TEST_F(PrivilegesTest, HandsOverAStoreThatBelongsToRoot) {
  ASSERT_EQ(in_own_process([&] { return enter_state_directory(state(), account_) ? 0 : 1; }), 0);
  for (const char* path : {"", "certificates/www", "certificates/www/state", "keys/own.pem"}) {
    EXPECT_EQ(owner_of(directory_ / "state" / path), account_.user) << path;
  }
}

TEST_F(PrivilegesTest, LeavesLinksToOtherFilesAlone) {
  const fs::path outside = directory_.write("outside", "precious");
  fs::create_hard_link(outside, directory_ / "state/keys/hard");
  fs::create_symlink(outside, directory_ / "state/keys/soft");
  ASSERT_EQ(in_own_process([&] { return enter_state_directory(state(), account_) ? 0 : 1; }), 0);
  EXPECT_EQ(owner_of(outside), 0U);
}

TEST_F(PrivilegesTest, RefusesAStoreOfSomebodyElse) {
  ASSERT_EQ(chown(state().c_str(), account_.user + 1, account_.group), 0);
  ASSERT_EQ(in_own_process([&] { return enter_state_directory(state(), account_) ? 0 : 1; }), 1);
  EXPECT_EQ(owner_of(state()), account_.user + 1);
  EXPECT_EQ(owner_of(directory_ / "state/keys/own.pem"), 0U);
}

TEST_F(PrivilegesTest, HandsOverNothingOfADirectoryThatIsNoStore) {
  directory_.write("etc/shadow", "x");
  directory_.write("etc/ssl/private.key", "x");
  const std::string etc = (directory_ / "etc").string();
  fs::permissions(etc, fs::perms(0755));
  const Result<void> entered = enter_state_directory(etc, account_);
  ASSERT_FALSE(entered);
  EXPECT_EQ(entered.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(entered.error().message(), testing::HasSubstr("holds \"shadow\""));
  for (const char* path : {"", "shadow", "ssl", "ssl/private.key"}) {
    EXPECT_EQ(owner_of(directory_ / "etc" / path), 0U) << path;
  }
  EXPECT_EQ(fs::status(etc).permissions(), fs::perms(0755));
}

TEST_F(PrivilegesTest, HandsOverOnlyWhatAStoreHas) {
  directory_.write("state/ccm-store", "ccm-store 1\n");
  directory_.write("state/backup.tar", "x");
  ASSERT_EQ(in_own_process([&] { return enter_state_directory(state(), account_) ? 0 : 1; }), 0);
  EXPECT_EQ(owner_of(directory_ / "state/backup.tar"), 0U);
  EXPECT_EQ(owner_of(directory_ / "state/keys/own.pem"), account_.user);
}

TEST_F(PrivilegesTest, TakesAnEmptyDirectoryAndClosesIt) {
  const fs::path empty = directory_ / "empty";
  fs::create_directory(empty);
  fs::create_directory(empty / "lost+found");
  fs::permissions(empty, fs::perms(0755));
  ASSERT_EQ(in_own_process([&] { return enter_state_directory(empty, account_) ? 0 : 1; }), 0);
  EXPECT_EQ(owner_of(empty), account_.user);
  EXPECT_EQ(fs::status(empty).permissions(), fs::perms(0700));
  EXPECT_EQ(owner_of(empty / "lost+found"), 0U);
}

TEST_F(PrivilegesTest, AHandoverThatWasCutShortIsFinishedTheNextTime) {
  const auto hand_over = [&] { return enter_state_directory(state(), account_) ? 0 : 1; };
  for (int n = 1;; ++n) {
    for (const auto& entry : fs::recursive_directory_iterator(state())) {
      ASSERT_EQ(lchown(entry.path().c_str(), 0, 0), 0);
    }
    ASSERT_EQ(chown(state().c_str(), 0, 0), 0);
    const bool was_reached = test::run_and_kill(n, hand_over).was_reached;
    ASSERT_EQ(in_own_process(hand_over), 0);
    EXPECT_EQ(owner_of(directory_ / "state/certificates/www/state"), account_.user)
        << "killed at call " << n;
    if (!was_reached) break;
  }
}

TEST_F(PrivilegesTest, ThereIsNoWayBackToRoot) {
  EXPECT_EQ(in_own_process([&] {
              if (!become(account_)) return 1;
              if (getuid() != account_.user || geteuid() != account_.user) return 2;
              if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0) return 3;
              return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 4;
            }),
            0);
}

TEST_F(PrivilegesTest, WorksInAStoreBelowADirectoryThatTheAccountMayNotPass) {
  fs::permissions(directory_.path(), fs::perms(0700));
  EXPECT_EQ(in_own_process([&] {
              if (!enter_state_directory(state(), account_) || !become(account_)) return 1;
              return write_file_atomically("./revision", "1") ? 0 : 2;
            }),
            0);
  EXPECT_EQ(owner_of(directory_ / "state/revision"), account_.user);
}

TEST_F(PrivilegesTest, RootWithoutItsRightsEntersTheAccountsDirectory) {
  ASSERT_EQ(in_own_process([&] { return enter_state_directory(state(), account_) ? 0 : 1; }), 0);
  EXPECT_EQ(in_own_process([&] {
              __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
              __user_cap_data_struct sets[2]{};
              sets[0].effective = sets[0].permitted = 1U << CAP_SETUID | 1U << CAP_SETGID;
              if (syscall(SYS_capset, &header, sets) != 0) return 1;
              if (chdir(state().c_str()) == 0) return 2;
              if (!enter_state_directory(state(), account_) || !become(account_)) return 3;
              return write_file_atomically("./revision", "1") ? 0 : 4;
            }),
            0);
}

TEST_F(PrivilegesTest, ARefusedChangeOfUserNamesTheRemedy) {
  EXPECT_EQ(test::in_child_without({{SYS_setresuid, EPERM}},
                                   [&] {
                                     const auto done = become(account_);
                                     if (done || done.error().is_retryable()) return 1;
                                     const std::string& said = done.error().message();
                                     return said.find("CAP_SETUID") != std::string::npos &&
                                                    said.find("@setuid") != std::string::npos
                                                ? 0
                                                : 2;
                                   }),
            0);
}

TEST(ChooseAccount, RootWithoutTheUsualAccountIsNoAgent) {
  if (geteuid() != 0) GTEST_SKIP() << "only root needs one";
  const auto usual = choose_account("");
  if (getpwnam("ccm") != nullptr) {
    ASSERT_TRUE(usual);
    EXPECT_EQ((*usual)->name, "ccm");
    return;
  }
  ASSERT_FALSE(usual);
  EXPECT_THAT(usual.error().message(), ::testing::HasSubstr("useradd"));
}

TEST(ChooseAccount, NamesAnAccountThatIsMissing) {
  if (geteuid() != 0) {
    EXPECT_FALSE(choose_account("nobody").value());
    return;
  }
  EXPECT_EQ(choose_account("nobody").value()->name, "nobody");
  const auto missing = choose_account("no-such-account");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(missing.error().message(), ::testing::HasSubstr("no-such-account"));
}

}  // namespace
}  // namespace ccm::agent
