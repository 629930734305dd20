// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "agent/monitor/monitor.h"

namespace ccm::agent {
namespace {

TEST(Monitor, StartsTheAgentAgainAfterHalfASecondToHalfAMinute) {
  unsigned failures = 0;
  for (const int delay : {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000}) {
    EXPECT_EQ(kAgentDelays.delay(++failures), std::chrono::milliseconds(delay));
  }
}

TEST(Monitor, GivesAnOperatorTimeFromSecondsToMinutes) {
  unsigned failures = 0;
  for (const int seconds : {5, 10, 20, 40, 80, 160, 320, 600, 600}) {
    EXPECT_EQ(kOperatorDelays.delay(++failures), std::chrono::seconds(seconds));
  }
}

}  // namespace
}  // namespace ccm::agent
