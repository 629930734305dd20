// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "agent/monitor.h"

namespace ccm::agent {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortLife{100};
constexpr milliseconds kGoodLife{60'000};

TEST(RespawnPolicy, DoublesFromHalfASecondToHalfAMinute) {
  RespawnPolicy policy;
  const std::vector<int> expected{500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
  for (const int delay : expected) EXPECT_EQ(policy.next_delay(kShortLife), milliseconds(delay));
}

TEST(RespawnPolicy, StaysAtTheCeilingForEver) {
  RespawnPolicy policy;
  for (int i = 0; i < 1000; ++i) static_cast<void>(policy.next_delay(kShortLife));
  EXPECT_EQ(policy.next_delay(kShortLife), milliseconds(30'000));
}

TEST(RespawnPolicy, ForgivesAfterAGoodLife) {
  RespawnPolicy policy;
  for (int i = 0; i < 5; ++i) static_cast<void>(policy.next_delay(kShortLife));
  EXPECT_EQ(policy.next_delay(kGoodLife), milliseconds(500));
  EXPECT_EQ(policy.next_delay(kGoodLife - milliseconds(1)), milliseconds(1000));
}

TEST(RespawnPolicy, GivesAnOperatorTimeFromSecondsToMinutes) {
  RespawnPolicy policy;
  for (const int seconds : {5, 10, 20, 40, 80, 160, 320, 600, 600}) {
    EXPECT_EQ(policy.delay_for_operator(), std::chrono::seconds(seconds));
  }
}

}  // namespace
}  // namespace ccm::agent
