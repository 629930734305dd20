// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <string>

#include "agent/publishing/last_copies.h"
#include "publication/codec.h"
#include "store/host/snapshot_file.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::agent {
namespace {

class LastCopiesTest : public ::testing::Test {
 protected:
  std::string path() const { return directory_.path().string(); }
  static std::string text(const std::string& name, std::uint64_t version,
                          const std::string& origin = "pca:1") {
    const Secret value =
        publication::encode({.bundle = test::make_test_bundle(), .ocsp_response = {}}).value();
    const publication::SnapshotEntry entry{
        .name = name, .version = version, .value = value.bytes(), .origin = origin};
    return std::string(publication::encode_entry(entry).reveal());
  }
  void replace(const std::string& entries) {
    ASSERT_TRUE(store::replace_snapshot(
        path(), Secret::copy_of(std::string(publication::kSnapshotHead) + entries)));
  }
  void append(const std::string& entries) {
    ASSERT_TRUE(store::append_to_snapshot(path(), Secret::copy_of(entries)));
  }
  store::VersionNumber version(const std::string& name) {
    const auto copy = copies_.find(name);
    return copy ? copy->version : 0;
  }

  test::TempDirectory directory_{test::memory_backed_parent()};
  LastCopies copies_{directory_.path().string()};
};

TEST_F(LastCopiesTest, FollowsTheFile) {
  EXPECT_EQ(version("a"), 0U) << "there is none yet";
  replace(text("a", 1) + text("b", 2));
  EXPECT_EQ(version("a"), 1U);
  EXPECT_EQ(version("b"), 2U);
  EXPECT_EQ(copies_.find("a")->origin, "pca:1");
  EXPECT_EQ(version("c"), 0U);
  append(text("a", 3) + text("c", 4));
  EXPECT_EQ(version("a"), 3U) << "the last one counts";
  EXPECT_EQ(version("b"), 2U);
  EXPECT_EQ(version("c"), 4U);
  replace(text("b", 5));
  EXPECT_EQ(version("b"), 5U);
  EXPECT_EQ(version("a"), 0U);
  store::remove_snapshot(path());
  EXPECT_EQ(version("b"), 0U);
}

// As when the leader is writing it, or was killed at that.
TEST_F(LastCopiesTest, AnEntryCountsWhenAllOfItIsThere) {
  const std::string whole = text("b", 2);
  replace(text("a", 1) + whole.substr(0, 100));
  EXPECT_EQ(version("a"), 1U);
  EXPECT_EQ(version("b"), 0U);
  append(whole.substr(100));
  EXPECT_EQ(version("b"), 2U);
}

TEST_F(LastCopiesTest, BelievesNothingThatIsDamagedOrSaysTooLittle) {
  const std::string first = text("a", 1);
  replace(first + text("b", 2));
  EXPECT_EQ(version("a"), 1U);
  store::wipe_in_snapshot(path(), publication::kSnapshotHead.size() + 100, first.size() - 100);
  EXPECT_EQ(version("a"), 0U);
  EXPECT_EQ(version("b"), 2U);
  replace(text("c", 1, ""));
  EXPECT_EQ(version("c"), 0U) << "nobody knows where it came from";
  ASSERT_TRUE(store::replace_snapshot(
      path(), Secret::copy_of(std::string("ccm-snapshot-9\n") + text("a", 1))));
  EXPECT_EQ(version("a"), 0U) << "it is of another format";
}

// A file system gives the number of a removed file to a new one, so the third may have that of the
// first. Here the same file gets another content.
TEST_F(LastCopiesTest, FindsWhatAnotherFileOfTheSameNumberHas) {
  replace(text("a", 1) + text("b", 2));
  EXPECT_EQ(version("a"), 1U);
  directory_.write("snapshot", std::string(publication::kSnapshotHead) + text("long-name", 3) +
                                   text("b", 5) + text("c", 6));
  EXPECT_EQ(version("b"), 5U);
  EXPECT_EQ(version("long-name"), 3U);
  EXPECT_EQ(version("c"), 6U);
  EXPECT_EQ(version("a"), 0U);
  append(text("a", 7));
  EXPECT_EQ(version("a"), 7U);
}

// What the process has read from files.
std::size_t bytes_read() {
  std::ifstream io("/proc/self/io");
  std::string word;
  std::size_t bytes = 0;
  EXPECT_TRUE(io >> word >> bytes);
  return bytes;
}

// So it is with every first certificate while more and more are stored.
TEST_F(LastCopiesTest, ALookForWhatIsNotThereReadsOnlyWhatWasAdded) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += text("name" + std::to_string(i), 1);
  replace(many);
  EXPECT_EQ(version("none"), 0U);
  std::size_t last_at = publication::kSnapshotHead.size() + many.size();
  for (int i = 0; i < 5; ++i) {
    const std::string added = text("added" + std::to_string(i), 1);
    append(added);
    const std::size_t before = bytes_read();
    EXPECT_EQ(version("none"), 0U);
    EXPECT_LT(bytes_read() - before, many.size() / 10);
    // The next one comes in its place.
    store::wipe_in_snapshot(path(), last_at, added.size());
    last_at += added.size();
  }
  EXPECT_EQ(version("added4"), 0U);
  EXPECT_EQ(version("name99"), 1U);
}

TEST_F(LastCopiesTest, FindsWhatIsNewInAnotherFileOfTheSameNumber) {
  replace(text("a", 1));
  EXPECT_EQ(version("a"), 1U);
  directory_.write("snapshot",
                   std::string(publication::kSnapshotHead) + text("long-name", 3) + text("c", 6));
  EXPECT_EQ(version("c"), 6U);
  EXPECT_EQ(version("a"), 0U);
}

TEST_F(LastCopiesTest, AWrongSizeHidesNoOtherEntry) {
  const std::string second = text("b", 2);
  std::string first = text("a", 1);
  const auto size = static_cast<std::uint32_t>(first.size() + second.size() - 44);
  std::memcpy(first.data() + 8, &size, sizeof size);
  replace(first + second + text("c", 3));
  EXPECT_EQ(version("b"), 2U);
  EXPECT_EQ(version("a"), 0U);
  EXPECT_EQ(version("c"), 3U);
}

}  // namespace
}  // namespace ccm::agent
