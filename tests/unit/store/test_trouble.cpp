// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "store/host/trouble.h"
#include "support/temp_directory.h"

namespace ccm::store {
namespace {

class TroubleTest : public testing::Test {
 protected:
  test::TempDirectory state_;
  ServerId server_{config::ServerKind::nginx, "0123abcd"};
  TroubleFile file_{state_.path(), server_};
  Time now_ = Time(Seconds(1'800'000'000));
};

TEST_F(TroubleTest, ThereIsNoneUntilAnAgentDies) {
  EXPECT_FALSE(read_trouble(state_.path(), server_));
  file_.clear();
  EXPECT_TRUE(list_directory(state_.path())->empty());
}

TEST_F(TroubleTest, TellsHowOftenAndWhatWasSaidLast) {
  file_.add(now_, "the agent cannot go on: entering /x: Permission denied");
  file_.add(now_ + Seconds(5), "");
  const auto trouble = read_trouble(state_.path(), server_);
  ASSERT_TRUE(trouble);
  EXPECT_EQ(trouble->deaths, 2U);
  EXPECT_EQ(trouble->last, now_ + Seconds(5));
  EXPECT_EQ(trouble->last_words, "the agent cannot go on: entering /x: Permission denied");
  EXPECT_THAT(*list_directory(state_.path()), testing::ElementsAre("trouble-nginx-0123abcd"));
}

TEST_F(TroubleTest, IsOverWhenTheAgentLives) {
  file_.add(now_, "x");
  file_.clear();
  EXPECT_FALSE(read_trouble(state_.path(), server_));
  file_.add(now_, "y");
  EXPECT_EQ(read_trouble(state_.path(), server_)->deaths, 1U);
}

TEST_F(TroubleTest, OfAnEarlierMonitorIsForgotten) {
  file_.add(now_, "x");
  const TroubleFile next(state_.path(), server_);
  EXPECT_FALSE(read_trouble(state_.path(), server_));
}

TEST_F(TroubleTest, FollowsNoLinkAndIsTheOwnersOnly) {
  const auto victim = state_.write("victim", "untouched");
  for (const char* name : {"trouble-nginx-0123abcd", "trouble-nginx-0123abcd.tmp-trouble"}) {
    std::filesystem::create_symlink(victim, state_.path() / name);
  }
  file_.add(now_, "x");
  EXPECT_EQ(test::read_whole_file(victim), "untouched");
  EXPECT_TRUE(read_trouble(state_.path(), server_));
  struct stat facts {};
  ASSERT_EQ(lstat(trouble_path(state_.path(), server_).c_str(), &facts), 0);
  EXPECT_TRUE(S_ISREG(facts.st_mode));
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST_F(TroubleTest, IsTheDirectoryOwners) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_EQ(chown(state_.path().c_str(), 65534, 65534), 0);
  file_.add(now_, "x");
  struct stat facts {};
  ASSERT_EQ(lstat(trouble_path(state_.path(), server_).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_uid, 65534U);
  EXPECT_TRUE(read_trouble(state_.path(), server_));
}

TEST_F(TroubleTest, WithoutADirectoryNothingHappens) {
  TroubleFile nowhere((state_.path() / "missing").string(), server_);
  nowhere.add(now_, "x");
  TroubleFile unknown("", server_);
  unknown.add(now_, "x");
  EXPECT_TRUE(list_directory(state_.path())->empty());
}

}  // namespace
}  // namespace ccm::store
