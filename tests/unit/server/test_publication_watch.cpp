// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/watch/publication_watch.h"
#include "support/memory_log.h"

namespace ccm::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class PublicationWatchTest : public testing::Test {
 protected:
  void look(Seconds later, std::optional<SteadyTime> beat) {
    now_ += later;
    is_silent_ = watch_.look(beat, now_);
  }

  test::MemoryLog log_;
  PublicationWatch watch_{log_};
  SteadyTime now_{Seconds(100'000)};
  bool is_silent_ = false;
};

TEST_F(PublicationWatchTest, SaysNothingWhileAnAgentLives) {
  for (int i = 0; i < 1000; ++i) look(Seconds(10), now_ - Seconds(5));
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(PublicationWatchTest, SaysOnceThatNobodyIsThereAndOnceThatSomebodyIs) {
  const SteadyTime last = now_;
  for (int i = 0; i < 20; ++i) look(Seconds(10), last);
  EXPECT_THAT(log_.errors(), ElementsAre(HasSubstr("no agent has given a sign of life for 50s")));
  EXPECT_TRUE(is_silent_);
  look(Seconds(10), now_);
  look(Seconds(10), now_);
  EXPECT_FALSE(is_silent_);
  EXPECT_THAT(log_.lines(Severity::notice), ElementsAre(HasSubstr("again")));
  EXPECT_THAT(log_.errors(), SizeIs(1));
}

TEST_F(PublicationWatchTest, SaysItAgainEveryHour) {
  const SteadyTime last = now_;
  for (int i = 0; i < 370; ++i) look(Seconds(10), last);
  EXPECT_THAT(log_.errors(), SizeIs(2));
}

TEST_F(PublicationWatchTest, AWorkerThatWasStoppedItselfLooksTwice) {
  look(Seconds(10), now_);
  const SteadyTime last = now_;
  look(Seconds(600), last);
  look(Seconds(5), now_);
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(PublicationWatchTest, AnAgentThatNeverCameIsMissedAsWell) {
  look(Seconds(0), std::nullopt);
  look(Seconds(30), std::nullopt);
  EXPECT_THAT(log_.errors(), IsEmpty());
  look(Seconds(10), std::nullopt);
  look(Seconds(10), std::nullopt);
  EXPECT_THAT(log_.errors(), SizeIs(1));
}

// What an earlier configuration's agent did long ago does not count against the new one.
TEST_F(PublicationWatchTest, WhatWasBeforeItsTimeDoesNotCount) {
  const SteadyTime long_ago = now_ - Seconds(7200);
  look(Seconds(0), long_ago);
  look(Seconds(20), long_ago);
  EXPECT_THAT(log_.lines(), IsEmpty());
}

}  // namespace
}  // namespace ccm::server
