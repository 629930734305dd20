// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/watch/agent_watch.h"

namespace ccm::server {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using Finding = AgentWatch::Finding;

constexpr pid_t kMonitor = 7;
constexpr AgentWatch::Sight kWell{.has_monitor = true, .is_attended = true};

class AgentWatchTest : public testing::Test {
 protected:
  SteadyTime now_{};
  AgentWatch watch_;
};

TEST_F(AgentWatchTest, NothingIsDueWhileItLives) {
  EXPECT_FALSE(watch_.is_due(now_));
  watch_.started(now_);
  EXPECT_FALSE(watch_.is_due(now_ + seconds{1'000'000}));
  EXPECT_EQ(watch_.look(kWell, now_ + seconds{1'000'000}), Finding::nothing);
}

TEST_F(AgentWatchTest, TheFirstDeathIsFollowedByAStartAtOnce) {
  watch_.started(now_);
  EXPECT_THAT(watch_.lost(Finding::dead, kMonitor, now_),
              HasSubstr("(process 7) has died; starting it again now"));
  EXPECT_TRUE(watch_.is_due(now_));
}

TEST_F(AgentWatchTest, WhatDiesAgainAndAgainWaitsLongerUpToALimit) {
  for (const int expected : {0, 10, 20, 40, 80, 160, 300, 300}) {
    watch_.started(now_);
    EXPECT_FALSE(watch_.is_due(now_));
    const std::string sentence = watch_.lost(Finding::dead, kMonitor, now_);
    if (expected != 0) {
      EXPECT_THAT(sentence, HasSubstr("in " + std::to_string(expected) + " s"));
      EXPECT_FALSE(watch_.is_due(now_ + seconds{expected} - SteadyTime::duration{1}));
    }
    now_ += seconds{expected};
    EXPECT_TRUE(watch_.is_due(now_));
  }
}

TEST_F(AgentWatchTest, WhatCannotBeStartedWaitsAsWell) {
  watch_.ended(now_);
  EXPECT_TRUE(watch_.is_due(now_));
  watch_.ended(now_);
  EXPECT_EQ(watch_.look({}, now_), Finding::nothing);
  EXPECT_EQ(watch_.look({}, now_ + seconds{10}), Finding::due);
}

TEST_F(AgentWatchTest, ALongLifeMakesUpForEarlierDeaths) {
  for (int death = 0; death < 3; ++death) {
    watch_.started(now_);
    watch_.ended(now_);
  }
  watch_.started(now_);
  now_ += seconds{60};
  watch_.ended(now_);
  EXPECT_TRUE(watch_.is_due(now_));
}

TEST_F(AgentWatchTest, FindsTheDeadAndTheHanging) {
  watch_.started(now_);
  EXPECT_EQ(watch_.look({.has_monitor = true, .is_attended = false}, now_), Finding::dead);
  EXPECT_EQ(watch_.look({.has_monitor = true, .is_attended = true, .is_silent = true}, now_),
            Finding::hanging);
  EXPECT_THAT(watch_.lost(Finding::hanging, kMonitor, now_), HasSubstr("does not move any more"));
}

// Only what was started can be lost, however silent it is.
TEST_F(AgentWatchTest, WithoutAMonitorThereIsNothingToLose) {
  EXPECT_EQ(watch_.look({.has_monitor = false, .is_attended = false, .is_silent = true}, now_),
            Finding::nothing);
}

}  // namespace
}  // namespace ccm::server
