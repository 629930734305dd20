// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "lifecycle/schedule/clock_watch.h"
#include "support/fake_clock.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;

TEST(ClockWatch, NoticesAJumpBothWaysAndOnce) {
  ccm::test::FakeClock clock;
  ClockWatch watch(clock);
  clock.advance(30s);
  EXPECT_EQ(watch.look(), 0s);
  clock.set(clock.now() + 48h);
  EXPECT_EQ(watch.look(), 48h);
  EXPECT_EQ(watch.look(), 0s);
  clock.advance(5s);
  clock.set(clock.now() - 48h);
  EXPECT_EQ(watch.look(), -48h);
  clock.advance(1000h);
  EXPECT_EQ(watch.look(), 0s);
}

TEST(ClockWatch, TakesNoNoticeOfSmallCorrections) {
  ccm::test::FakeClock clock;
  ClockWatch watch(clock);
  for (int i = 0; i < 100; ++i) {
    clock.set(clock.now() + 5s);
    EXPECT_EQ(watch.look(), 0s);
  }
}

}  // namespace
}  // namespace ccm::lifecycle
