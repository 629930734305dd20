// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "agent_watch.h"

namespace ccm::apache {
namespace {

using std::chrono::seconds;

class AgentWatchTest : public testing::Test {
 protected:
  AgentWatch::Time now_{};
  AgentWatch watch_;
};

TEST_F(AgentWatchTest, NothingIsDueWhileItLives) {
  EXPECT_FALSE(watch_.is_due(now_));
  watch_.started(now_);
  EXPECT_FALSE(watch_.is_due(now_ + seconds{1'000'000}));
}

TEST_F(AgentWatchTest, TheFirstDeathIsFollowedByAStartAtOnce) {
  watch_.started(now_);
  watch_.ended(now_);
  EXPECT_TRUE(watch_.is_due(now_));
  EXPECT_EQ(watch_.wait(now_), seconds{0});
}

TEST_F(AgentWatchTest, WhatDiesAgainAndAgainWaitsLongerUpToALimit) {
  for (const int expected : {0, 10, 20, 40, 80, 160, 300, 300}) {
    watch_.started(now_);
    EXPECT_FALSE(watch_.is_due(now_));
    watch_.ended(now_);
    EXPECT_EQ(watch_.wait(now_), seconds{expected});
    EXPECT_EQ(watch_.is_due(now_), expected == 0);
    now_ += seconds{expected};
    EXPECT_TRUE(watch_.is_due(now_));
  }
}

TEST_F(AgentWatchTest, AGoodLifeMakesUpForEarlierDeaths) {
  for (int death = 0; death < 3; ++death) {
    watch_.started(now_);
    watch_.ended(now_);
  }
  watch_.started(now_);
  now_ += seconds{60};
  watch_.ended(now_);
  EXPECT_TRUE(watch_.is_due(now_));
}

}  // namespace
}  // namespace ccm::apache
