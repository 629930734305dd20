// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "agent/publishing/turns.h"
#include "support/fake_clock.h"

namespace ccm::agent {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TurnsTest : public ::testing::Test {
 protected:
  std::vector<std::size_t> after(milliseconds passed, std::size_t count) {
    now_ += passed;
    return turns_.due(now_, milliseconds(100), count);
  }

  SteadyTime now_ = test::FakeClock().steady_now();
  Turns turns_;
};

TEST_F(TurnsTest, ComeOneAfterTheOtherAsTimePasses) {
  EXPECT_THAT(after(milliseconds(0), 5), IsEmpty()) << "time begins to count";
  EXPECT_THAT(after(milliseconds(100), 5), ElementsAre(0));
  EXPECT_THAT(after(milliseconds(300), 5), ElementsAre(1, 2, 3));
  EXPECT_THAT(after(milliseconds(200), 5), ElementsAre(4, 0));
}

TEST_F(TurnsTest, AreNoMoreForWhoeverAsksOften) {
  after(milliseconds(0), 5);
  std::size_t turns = 0;
  for (int i = 0; i < 100; ++i) turns += after(milliseconds(5), 5).size();
  EXPECT_EQ(turns, 5U);
}

TEST_F(TurnsTest, AreOneForEachAfterALongTime) {
  after(milliseconds(0), 3);
  EXPECT_THAT(after(milliseconds(100'000), 3), ElementsAre(0, 1, 2));
  EXPECT_THAT(after(milliseconds(50), 3), IsEmpty()) << "the rest is not caught up on";
}

TEST_F(TurnsTest, GoOnWithFewerAndWithNone) {
  after(milliseconds(0), 5);
  EXPECT_THAT(after(milliseconds(400), 5), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(after(milliseconds(200), 2), ElementsAre(0, 1));
  EXPECT_THAT(after(milliseconds(200), 0), IsEmpty());
}

}  // namespace
}  // namespace ccm::agent
