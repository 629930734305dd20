// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <stdexcept>

#include "agent/monitor/access_trial.h"

namespace ccm::agent {
namespace {

// As the monitor waits, but for a bounded time.
std::optional<Result<void>> outcome_of(AccessTrial& trial) {
  for (;;) {
    pollfd end{trial.descriptor(), POLLIN, 0};
    if (poll(&end, 1, 10'000) != 1) return std::nullopt;
    if (auto verdict = trial.verdict()) return verdict;
  }
}

TEST(AccessTrial, SaysOnceHowItEnded) {
  AccessTrial trial;
  EXPECT_FALSE(trial.verdict()) << "there was no trial";
  ASSERT_TRUE(trial.start([] { return Result<void>(); }));
  const auto good = outcome_of(trial);
  ASSERT_TRUE(good);
  EXPECT_TRUE(*good);
  EXPECT_FALSE(trial.verdict());
  EXPECT_EQ(trial.descriptor(), -1);
}

TEST(AccessTrial, CarriesTheSentenceOfAFailure) {
  AccessTrial trial;
  ASSERT_TRUE(trial.start(
      []() -> Result<void> { return fail(ErrorKind::invalid, "credentials: the sk is missing"); }));
  const auto bad = outcome_of(trial);
  ASSERT_TRUE(bad);
  ASSERT_FALSE(*bad);
  EXPECT_EQ(bad->error().message(), "credentials: the sk is missing");
}

TEST(AccessTrial, ACrashIsAFailure) {
  AccessTrial trial;
  ASSERT_TRUE(trial.start([]() -> Result<void> { throw std::runtime_error("out of luck"); }));
  const auto thrown = outcome_of(trial);
  ASSERT_TRUE(thrown && !*thrown);
  EXPECT_EQ(thrown->error().message(), "out of luck");
  ASSERT_TRUE(trial.start([]() -> Result<void> {
    raise(SIGKILL);
    return {};
  }));
  const auto killed = outcome_of(trial);
  ASSERT_TRUE(killed && !*killed);
  EXPECT_FALSE(killed->error().message().empty());
}

// A file on a file system that does not answer.
TEST(AccessTrial, OneThatHangsHoldsUpNobodyAndMakesRoomForTheNext) {
  AccessTrial trial;
  ASSERT_TRUE(trial.start([]() -> Result<void> {
    for (;;) pause();
  }));
  EXPECT_FALSE(trial.verdict());
  ASSERT_TRUE(trial.start([] { return Result<void>(); }));
  const auto good = outcome_of(trial);
  ASSERT_TRUE(good);
  EXPECT_TRUE(*good);
}

}  // namespace
}  // namespace ccm::agent
