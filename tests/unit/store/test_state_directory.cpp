// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "store/file_store/file_store.h"
#include "store/host/state_directory.h"
#include "support/denied_calls.h"
#include "support/system_calls.h"
#include "support/temp_directory.h"

namespace ccm::store {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class StateDirectory : public testing::Test {
 protected:
  std::string path(std::string_view below = "state") const { return (directory_ / below).string(); }
  // The sentence of a refusal; empty when it is right.
  static std::string refusal(const std::string& path, uid_t keeper = geteuid()) {
    const Result<void> good = check_state_directory(path, keeper);
    if (good) return "";
    EXPECT_TRUE(good.error().kind() == ErrorKind::rejected ||
                good.error().kind() == ErrorKind::invalid);
    return good.error().message();
  }
  void make_old_store() {
    for (const char* name : {"certificates", "keys", "records"}) {
      fs::create_directories(directory_ / "state" / name);
    }
    directory_.write("state/leader.lock", "1");
    fs::permissions(path(), fs::perms(0700));
  }

  test::TempDirectory directory_{test::memory_backed_parent()};
};

TEST_F(StateDirectory, MayBeMissingOrEmptyOrAStore) {
  EXPECT_EQ(refusal(path("deep/below")), "");
  fs::create_directory(path());
  EXPECT_EQ(refusal(path()), "");
  fs::create_directory(path("state/lost+found"));
  EXPECT_EQ(refusal(path()), "");
  ASSERT_TRUE(open_file_store(path()));
  EXPECT_EQ(refusal(path()), "");
  EXPECT_EQ(test::read_whole_file(path("state/ccm-store")), "ccm-store 1\n");
  directory_.write("state/notes.txt", "of the operator");
  EXPECT_EQ(refusal(path()), "") << "a store that says so may hold more";
}

TEST_F(StateDirectory, MayBeAStoreOfAnOlderReleaseWhichIsMarked) {
  make_old_store();
  EXPECT_EQ(refusal(path()), "");
  ASSERT_TRUE(open_file_store(path()));
  EXPECT_EQ(test::read_whole_file(path("state/ccm-store")), "ccm-store 1\n");
}

TEST_F(StateDirectory, IsNothingThatHoldsSomethingElse) {
  directory_.write("state/passwd", "x");
  EXPECT_THAT(refusal(path()), HasSubstr("holds \"passwd\" and was not made by this program"));
  const Result<std::unique_ptr<Store>> store = open_file_store(path());
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().message(), HasSubstr("holds \"passwd\""));
  EXPECT_FALSE(fs::exists(path("state/certificates")));
  fs::remove(path("state/passwd"));
  // The names alone of a store's directories make none.
  directory_.write("state/keys/root.pem", "x");
  EXPECT_THAT(refusal(path()), HasSubstr("holds \"keys\""));
}

TEST_F(StateDirectory, OfRootHoldsNothingThatWouldBeHandedOver) {
  if (geteuid() != 0) GTEST_SKIP() << "only root hands over";
  make_old_store();
  directory_.write("state/shadow", "x");
  EXPECT_THAT(refusal(path(), 65534), HasSubstr("holds \"shadow\""));
  ASSERT_EQ(chown(path().c_str(), 65534, 65534), 0);
  EXPECT_EQ(refusal(path(), 65534), "") << "handed over by an older release";
}

TEST_F(StateDirectory, IsOfNoLaterRelease) {
  directory_.write("state/ccm-store", "ccm-store 2\n");
  EXPECT_THAT(refusal(path()), HasSubstr("made by a later release (format 2"));
}

TEST_F(StateDirectory, IsKnownToWhoeverOnlyReads) {
  EXPECT_EQ(content_of_directory(path("missing")), DirectoryContent::nothing);
  directory_.write("file", "x");
  EXPECT_EQ(content_of_directory(path("file")), DirectoryContent::foreign);
  fs::create_directory(path());
  EXPECT_EQ(content_of_directory(path()), DirectoryContent::nothing);
  directory_.write("state/settings-nginx", "x");
  directory_.write("state/.tmp-1", "x");
  EXPECT_EQ(content_of_directory(path()), DirectoryContent::store);
  directory_.write("state/passwd", "x");
  EXPECT_EQ(content_of_directory(path()), DirectoryContent::foreign);
  make_old_store();
  EXPECT_EQ(content_of_directory(path()), DirectoryContent::store);
  directory_.write("marked/ccm-store", "ccm-store 1\n");
  directory_.write("marked/notes.txt", "of the operator");
  EXPECT_EQ(content_of_directory(path("marked")), DirectoryContent::store);
}

TEST_F(StateDirectory, IsNoDirectoryOfTheSystem) {
  for (const char* system : {"/", "/etc", "/tmp", "/var/lib", "/root", "/usr/../etc/"}) {
    EXPECT_THAT(refusal(system), HasSubstr("directory of the system")) << system;
  }
  if (geteuid() != 0) return;
  fs::create_directory_symlink("/mnt", path("link"));
  EXPECT_THAT(refusal(path("link")), HasSubstr("is \"/mnt\", a directory of the system"));
}

TEST_F(StateDirectory, BelongsToItsKeeper) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  fs::create_directory(path());
  ASSERT_EQ(chown(path().c_str(), 12345, 12345), 0);
  EXPECT_THAT(refusal(path(), 65534), HasSubstr("belongs to user 12345 and not to nobody"));
}

TEST_F(StateDirectory, IsWrittenByNobodyElse) {
  make_old_store();
  fs::permissions(path(), fs::perms(0777));
  EXPECT_THAT(refusal(path()), HasSubstr("written by others than its owner (mode 0777)"));
  fs::permissions(path(), fs::perms(0755));
  EXPECT_EQ(refusal(path()), "") << "it is closed when it is entered";
}

TEST_F(StateDirectory, IsReadByAServerUnlessOthersMayHaveWrittenIt) {
  directory_.write("state/passwd", "x");
  EXPECT_FALSE(distrust_of_store(path(), "")) << "there is nothing to show in it";
  EXPECT_FALSE(distrust_of_store(path("missing"), ""));
  fs::permissions(path(), fs::perms(0777));
  EXPECT_TRUE(distrust_of_store(path(), ""));
  fs::permissions(path(), fs::perms(0700));
  if (geteuid() != 0) return;
  ASSERT_EQ(chown(path().c_str(), 12345, 12345), 0);
  EXPECT_FALSE(distrust_of_store(path(), "")) << "an account's number may have changed";
  fs::create_directory(path("public"));
  ASSERT_EQ(chmod(path("public").c_str(), 01777), 0);
  fs::create_directory(path("public/state"));
  EXPECT_FALSE(distrust_of_store(path("public/state"), ""));
  ASSERT_EQ(chown(path("public/state").c_str(), 12345, 12345), 0);
  EXPECT_THAT(distrust_of_store(path("public/state"), "").value().message(),
              HasSubstr("made by user 12345 in a place where everybody may make one"));
}

TEST_F(StateDirectory, LiesWhereNobodyCanReplaceIt) {
  fs::create_directory(path("open"));
  fs::permissions(path("open"), fs::perms(0777));
  EXPECT_THAT(refusal(path("open/state")), HasSubstr("where everybody may replace it (mode 0777)"));
  fs::create_directory(path("open/state"));
  EXPECT_THAT(refusal(path("open/state")), HasSubstr("where everybody may replace it"));
  ASSERT_EQ(chmod(path("open").c_str(), 01777), 0);
  EXPECT_EQ(refusal(path("open/state")), "") << "sticky, as /tmp is";
}

// Kubernetes' emptyDir: root's, for everybody, and a server without root cannot change that.
TEST_F(StateDirectory, MayLieInAVolumeThatIsMountedForAServerWithoutRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can mount";
  constexpr uid_t kServer = 12345;
  fs::create_directory(path("volume"));
  fs::permissions(directory_.path(), fs::perms(0711));
  const auto judge = [&](bool is_mounted, uid_t user) {
    return test::in_child_without({}, [&] {
      if (unshare(CLONE_NEWNS) != 0) return 10;
      if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 11;
      if (is_mounted && mount("none", path("volume").c_str(), "tmpfs", 0, nullptr) != 0) return 12;
      if (chmod(path("volume").c_str(), 0777) != 0) return 13;
      if (user != 0 && setuid(user) != 0) return 14;
      if (user != 0 && check_state_directory(path("volume"), user)) return 15;  // it is root's
      if (!check_state_directory(path("volume/state"), user)) return 1;
      if (mkdir(path("volume/state").c_str(), 0700) != 0) return 16;
      return check_state_directory(path("volume/state"), user) ? 0 : 2;
    });
  };
  EXPECT_EQ(judge(true, kServer), 0);
  EXPECT_EQ(judge(true, 0), 1) << "root may name a better place";
  EXPECT_EQ(judge(false, kServer), 1) << "no volume";
}

TEST_F(StateDirectory, IsReachedThroughNoLinkOfAnother) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  fs::create_directory(path());
  fs::create_directory_symlink(path(), path("link"));
  EXPECT_EQ(refusal(path("link")), "") << "root's own";
  fs::create_directory_symlink(path("link"), path("second"));
  ASSERT_EQ(lchown(path("link").c_str(), 12345, 12345), 0);
  EXPECT_THAT(refusal(path("link")), HasSubstr("a symbolic link of user 12345"));
  EXPECT_THAT(refusal(path("second")), HasSubstr("a symbolic link of user 12345"));
}

TEST_F(StateDirectory, AFirstStartThatWasKilledAnywhereIsGoneOnWith) {
  for (int n = 1;; ++n) {
    fs::remove_all(path());
    const bool was_reached =
        test::run_and_kill(n, [&] { return open_file_store(path()) ? 0 : 1; }).was_reached;
    ASSERT_EQ(refusal(path()), "") << "call " << n;
    ASSERT_TRUE(open_file_store(path())) << "call " << n;
    if (!was_reached) break;
  }
}

}  // namespace
}  // namespace ccm::store
