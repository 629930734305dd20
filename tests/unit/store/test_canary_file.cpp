// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/file.h"
#include "store/host/canary_file.h"
#include "support/temp_directory.h"

namespace ccm::store {
namespace {

const Canary kCanary{.version = 7, .since = Time(Seconds(1800000000))};
const ServerId kNginx{config::ServerKind::nginx, "00000001"};
const ServerId kApache{config::ServerKind::apache, "00000002"};

CanaryCounted counted(std::uint64_t shown) {
  CanaryCounted made{.canary = kCanary, .board = 42};
  made.seen.current.counts[0] = 1;
  made.total.current.counts[0] = shown;
  made.total.candidate.counts[kCanaryCounts - 1] = 3;
  return made;
}

class CanaryFile : public testing::Test {
 protected:
  std::string path() const { return directory_.path().string(); }
  test::TempDirectory directory_;
};

TEST_F(CanaryFile, ComesBackAsItWasWritten) {
  const CanariesCounted all{{"a", counted(5)}, {"b", counted(6)}};
  ASSERT_TRUE(write_canaries(path(), kNginx, all));
  EXPECT_EQ(read_canaries(path(), kNginx), all);
  EXPECT_TRUE(read_canaries(path(), kApache).empty());
  ASSERT_TRUE(write_canaries(path(), kNginx, {}));
  EXPECT_FALSE(read_file(canary_path(path(), kNginx), 100));
  EXPECT_TRUE(write_canaries(path(), kNginx, {}));
}

TEST_F(CanaryFile, TheServersOfAHostAreAddedUp) {
  ASSERT_TRUE(write_canaries(path(), kNginx, {{"a", counted(5)}}));
  ASSERT_TRUE(write_canaries(path(), kApache, {{"a", counted(6)}}));
  const CanaryTally sum = canary_tally(path(), "a", kCanary);
  EXPECT_EQ(sum.current.shown(), 11U);
  EXPECT_EQ(sum.candidate.at(CanaryCount::server_alert), 6U);
  EXPECT_EQ(canary_tally(path(), "b", kCanary), CanaryTally());
}

TEST_F(CanaryFile, AnEarlierCanaryDoesNotCount) {
  ASSERT_TRUE(write_canaries(path(), kNginx, {{"a", counted(5)}}));
  EXPECT_EQ(canary_tally(path(), "a", {.version = 8, .since = kCanary.since}), CanaryTally());
  EXPECT_EQ(canary_tally(path(), "a", {.version = 7, .since = kCanary.since + Seconds(1)}),
            CanaryTally());
}

TEST_F(CanaryFile, DamageCountsAsNothing) {
  for (const char* text : {"", "canary: a 7", "nonsense", "canary: a b c d e\n"}) {
    ASSERT_TRUE(write_file_unsynced(canary_path(path(), kNginx), text));
    EXPECT_TRUE(read_canaries(path(), kNginx).empty()) << text;
  }
}

}  // namespace
}  // namespace ccm::store
