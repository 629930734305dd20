// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "agent/process/pulse.h"
#include "agent/process/watchdog.h"

namespace ccm::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

class WatchdogTest : public testing::Test {
 protected:
  // One look later: with these signs of life and so much more work.
  bool look(bool beats, milliseconds work = milliseconds(0)) {
    now_ += Watchdog::kBetweenLooks;
    if (beats) ++beats_;
    worked_ += work;
    return watchdog_.look(now_, beats_, worked_);
  }

  Watchdog watchdog_;
  Watchdog::SteadyTime now_{std::chrono::hours(1)};
  std::uint64_t beats_ = 0;
  nanoseconds worked_{0};
};

TEST_F(WatchdogTest, WhoBeatsNowAndThenLives) {
  for (unsigned i = 0; i < 100 * Watchdog::kStill; ++i) {
    ASSERT_FALSE(look(i % (Watchdog::kStill - 1) == 0)) << i;
  }
}

TEST_F(WatchdogTest, WhoNeitherBeatsNorWorksHangs) {
  look(true);
  for (unsigned i = 1; i < Watchdog::kStill; ++i) ASSERT_FALSE(look(false)) << i;
  EXPECT_TRUE(look(false));
}

TEST_F(WatchdogTest, ALongPieceOfWorkIsNotTakenForAHangUnlessItNeverEnds) {
  look(true);
  for (unsigned i = 1; i < Watchdog::kBusy; ++i) ASSERT_FALSE(look(false, milliseconds(500))) << i;
  EXPECT_TRUE(look(false, milliseconds(500)));
}

TEST_F(WatchdogTest, ASleepOfTheWatcherAccusesNobody) {
  look(true);
  now_ += std::chrono::hours(24);
  EXPECT_FALSE(look(false));
}

TEST_F(WatchdogTest, LooksThatComeTooSoonDoNotCount) {
  look(true);
  for (int i = 0; i < 1000; ++i) {
    now_ += milliseconds(1);
    ASSERT_FALSE(watchdog_.look(now_, beats_, worked_)) << i;
  }
}

TEST(Pulse, IsSharedWithChildren) {
  const Pulse pulse = Pulse::make();
  ASSERT_TRUE(pulse.counts());
  const pid_t child = fork();
  if (child == 0) {
    pulse.beat(Member::agent);
    _exit(0);
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_EQ(pulse.beats(Member::agent), 1U);
  EXPECT_EQ(pulse.beats(Member::monitor), 0U);
}

TEST(ProcessorTime, IsThatOfTheProcess) {
  const pid_t child = fork();
  if (child == 0) {
    std::atomic<unsigned> turns{0};
    for (;;) ++turns;
  }
  nanoseconds used{0};
  while (used < milliseconds(5)) used = processor_time(child);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(processor_time(child), nanoseconds(0));
}

}  // namespace
}  // namespace ccm::agent
