// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "store/host/snapshot_file.h"
#include "support/full_disk.h"
#include "support/temp_directory.h"

namespace ccm::store {
namespace {

using ::testing::HasSubstr;

std::vector<Secret> parts_of(std::initializer_list<std::string_view> texts) {
  std::vector<Secret> parts;
  for (const std::string_view text : texts) parts.push_back(Secret::copy_of(text));
  return parts;
}

class SnapshotFileTest : public ::testing::Test {
 protected:
  std::string path() const { return directory_.path().string(); }
  std::string content() const {
    const auto read = read_snapshot(path());
    return read ? std::string(read->reveal()) : read.error().message();
  }
  void replace(const std::string& text) const {
    ASSERT_TRUE(replace_snapshot(path(), Secret::copy_of(text)));
  }

  test::TempDirectory directory_{test::memory_backed_parent()};
};

TEST_F(SnapshotFileTest, IsReplacedAndGrows) {
  EXPECT_EQ(read_snapshot(path()).error().kind(), ErrorKind::rejected);
  EXPECT_EQ(append_to_snapshot(path(), Secret::copy_of("x")).error().kind(), ErrorKind::rejected);
  replace("one");
  EXPECT_TRUE(append_to_snapshot(path(), Secret::copy_of(", two")));
  EXPECT_EQ(content(), "one, two");
  replace("three");
  EXPECT_EQ(content(), "three");
  struct stat facts {};
  ASSERT_EQ(stat(snapshot_path(path()).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0600U);
  remove_snapshot(path());
  remove_snapshot(path());
  EXPECT_FALSE(read_snapshot(path()));
}

TEST_F(SnapshotFileTest, ADraftEndsWhenTheSnapshotIsRemoved) {
  replace("one");
  {
    auto draft = SnapshotDraft::begin(path());
    ASSERT_TRUE(draft);
    EXPECT_TRUE(draft->is_wanted());
    remove_snapshot(path());
    EXPECT_FALSE(draft->is_wanted());
    EXPECT_EQ(draft->finish(parts_of({"two"})).error().kind(), ErrorKind::rejected);
    EXPECT_FALSE(std::filesystem::exists(snapshot_path(path())));
  }
  {
    auto draft = SnapshotDraft::begin(path());
    ASSERT_TRUE(draft);
    EXPECT_TRUE(draft->finish(parts_of({"three"})));
  }
  EXPECT_EQ(content(), "three");
  { static_cast<void>(SnapshotDraft::begin(path())); }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path()), {}), 1)
      << "no draft is left";
}

// More and larger ones than are written at once.
TEST_F(SnapshotFileTest, ADraftTakesItsPartsInOrder) {
  const std::string large(std::size_t{3} << 19U, 'l');
  auto draft = SnapshotDraft::begin(path());
  ASSERT_TRUE(draft);
  ASSERT_TRUE(draft->finish(parts_of({"one", "", large, large, "two", large, ""})));
  EXPECT_EQ(content(), "one" + large + large + "two" + large);
}

TEST_F(SnapshotFileTest, ADraftThatEndedLeavesTheNextOneAlone) {
  replace("one");
  auto ended = std::make_unique<Result<SnapshotDraft>>(SnapshotDraft::begin(path()));
  ASSERT_TRUE(*ended);
  remove_snapshot(path());
  auto next = SnapshotDraft::begin(path());
  ASSERT_TRUE(next);
  EXPECT_FALSE((*ended)->is_wanted());
  EXPECT_EQ((*ended)->finish(parts_of({"two"})).error().kind(), ErrorKind::rejected);
  EXPECT_FALSE(std::filesystem::exists(snapshot_path(path()))) << "what the next one has so far";
  ended.reset();
  EXPECT_TRUE(next->is_wanted());
  EXPECT_TRUE(next->finish(parts_of({"three"})));
  EXPECT_EQ(content(), "three");
}

// It may hold keys. The name is one that a new leader clears away.
TEST_F(SnapshotFileTest, ADraftOfAKilledWriterIsRemoved) {
  auto draft = SnapshotDraft::begin(path());
  ASSERT_TRUE(draft);
  const std::string left = std::filesystem::directory_iterator(path())->path().string();
  EXPECT_TRUE(is_temporary_name(left));
  ASSERT_TRUE(remove_if_abandoned(left));
  EXPECT_TRUE(draft->is_wanted()) << "its writer lives";
}

TEST_F(SnapshotFileTest, WhatDoesNotFitIsTakenBack) {
  replace("one");
  {
    const test::FullDisk full(5);
    EXPECT_FALSE(append_to_snapshot(path(), Secret::copy_of(", two")));
    EXPECT_FALSE(replace_snapshot(path(), Secret::copy_of("another")));
  }
  EXPECT_EQ(content(), "one");
}

TEST_F(SnapshotFileTest, IsNotBelievedWhenOthersMayWriteIt) {
  replace("one");
  ASSERT_EQ(chmod(snapshot_path(path()).c_str(), 0620), 0);
  EXPECT_THAT(content(), HasSubstr("could be written by others"));
}

TEST_F(SnapshotFileTest, IsNotBelievedWhenItIsAnothersOrALink) {
  replace("one");
  std::filesystem::rename(snapshot_path(path()), path() + "/elsewhere");
  std::filesystem::create_symlink("elsewhere", snapshot_path(path()));
  EXPECT_FALSE(read_snapshot(path()));
  EXPECT_FALSE(append_to_snapshot(path(), Secret::copy_of("x")));
  remove_snapshot(path());
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  replace("one");
  ASSERT_EQ(chown(snapshot_path(path()).c_str(), 12'345, 12'345), 0);
  EXPECT_THAT(content(), HasSubstr("belongs to user 12345"));
}

}  // namespace
}  // namespace ccm::store
