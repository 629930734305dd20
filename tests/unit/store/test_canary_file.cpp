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
  CanaryTally tally(const std::string& name, const Canary& canary = kCanary) const {
    return sum_of(CanaryCounts(path()).of(name, canary));
  }
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
  EXPECT_EQ(tally("a").current.shown(), 11U);
  EXPECT_EQ(tally("a").candidate.at(CanaryCount::server_alert), 6U);
  EXPECT_EQ(tally("b"), CanaryTally());
  EXPECT_EQ(host_canaries(path()).at("a").total, tally("a"));
}

// One of the servers has not heard yet of the version that is tried out now.
TEST_F(CanaryFile, OfAHostTheNewestCanaryCounts) {
  CanaryCounted next = counted(6);
  next.canary.version = 8;
  for (const auto& [first, second] : {std::pair(counted(5), next), std::pair(next, counted(5))}) {
    ASSERT_TRUE(write_canaries(path(), kNginx, {{"a", first}}));
    ASSERT_TRUE(write_canaries(path(), kApache, {{"a", second}}));
    EXPECT_EQ(host_canaries(path()).at("a").canary.version, 8U);
    EXPECT_EQ(host_canaries(path()).at("a").total, next.total);
  }
}

TEST_F(CanaryFile, EachHostOfAFleetHasATallyOfItsOwn) {
  ASSERT_TRUE(write_canaries(path(), kNginx, {{"a", counted(5)}}));
  CanaryCounted earlier = counted(9);
  earlier.canary.version = 6;
  ASSERT_TRUE(write_distant_canaries(path(), {{.host = "two", .counted = {{"a", counted(6)}}},
                                              {.host = "three", .counted = {{"a", earlier}}},
                                              {.host = "four", .counted = {{"b", counted(7)}}}}));
  const HostTallies all = CanaryCounts(path()).of("a", kCanary);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].host, "");
  EXPECT_EQ(all[0].tally, counted(5).total);
  EXPECT_EQ(all[1].host, "two");
  EXPECT_EQ(all[1].tally, counted(6).total);
  EXPECT_EQ(sum_of(all).current.shown(), 11U);
  // It is no server of this host.
  EXPECT_EQ(host_canaries(path()).at("a").total, counted(5).total);
  ASSERT_TRUE(write_distant_canaries(path(), {}));
  EXPECT_EQ(CanaryCounts(path()).of("a", kCanary).size(), 1U);
  EXPECT_TRUE(write_distant_canaries(path(), {}));
}

TEST_F(CanaryFile, WhatHasChangedIsReadAgain) {
  CanaryCounts counts(path());
  const auto shown = [&] { return sum_of(counts.of("a", kCanary)).current.shown(); };
  EXPECT_EQ(shown(), 0U);
  ASSERT_TRUE(write_canaries(path(), kNginx, {{"a", counted(5)}}));
  EXPECT_EQ(shown(), 5U);
  EXPECT_EQ(shown(), 5U);
  ASSERT_TRUE(write_canaries(path(), kNginx, {{"a", counted(6)}}));
  ASSERT_TRUE(write_distant_canaries(path(), {{.host = "two", .counted = {{"a", counted(7)}}}}));
  EXPECT_EQ(shown(), 13U);
  ASSERT_TRUE(write_canaries(path(), kNginx, {}));
  EXPECT_EQ(shown(), 7U);
  ASSERT_TRUE(write_distant_canaries(path(), {}));
  EXPECT_EQ(shown(), 0U);
}

TEST_F(CanaryFile, WhatAHostTellsComesBack) {
  CanaryCounted total = counted(5);
  total.board = 0;
  total.seen = {};
  const HostCanaries told{.host = "two", .counted = {{"a", total}}};
  EXPECT_EQ(parse_host_canaries(serialize(told)).value(), told);
  for (const char* text : {"", "canary: a 7", "host: two words", "nonsense"}) {
    EXPECT_FALSE(parse_host_canaries(text)) << text;
  }
}

TEST_F(CanaryFile, AnEarlierCanaryDoesNotCount) {
  ASSERT_TRUE(write_canaries(path(), kNginx, {{"a", counted(5)}}));
  EXPECT_EQ(tally("a", {.version = 8, .since = kCanary.since}), CanaryTally());
  EXPECT_EQ(tally("a", {.version = 7, .since = kCanary.since + Seconds(1)}), CanaryTally());
}

TEST_F(CanaryFile, DamageCountsAsNothing) {
  for (const char* text : {"", "canary: a 7", "nonsense", "canary: a b c d e\n"}) {
    ASSERT_TRUE(write_file_unsynced(canary_path(path(), kNginx), text));
    EXPECT_TRUE(read_canaries(path(), kNginx).empty()) << text;
  }
}

}  // namespace
}  // namespace ccm::store
