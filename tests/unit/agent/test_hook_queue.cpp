// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "agent/hooks/hook_queue.h"

namespace ccm::agent {
namespace {

HookJob job(std::size_t hook, std::uint64_t number, std::uint32_t question = 0) {
  return {hook, std::make_shared<const Event>(Event{.version = number}), question};
}

TEST(HookQueueTest, RunsOneHookInTheOrderOfItsEvents) {
  HookQueue queue;
  for (std::uint64_t number = 1; number <= 1000; ++number) ASSERT_TRUE(queue.add(job(0, number)));
  for (std::uint64_t number = 1; number <= 1000; ++number) {
    const auto next = queue.take();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->event->version, number);
    EXPECT_FALSE(queue.take()) << "a hook runs once at a time";
    queue.ended(0);
  }
  EXPECT_FALSE(queue.take());
}

TEST(HookQueueTest, AHookThatHangsHoldsUpNoOther) {
  HookQueue queue;
  queue.add(job(0, 1));
  queue.add(job(0, 2));
  queue.add(job(1, 3));
  EXPECT_EQ(queue.take()->event->version, 1U);
  EXPECT_EQ(queue.take()->event->version, 3U);
  EXPECT_FALSE(queue.take());
}

TEST(HookQueueTest, RunsAFewAtOnceAndKeepsAPlaceForWhatIsWaitedFor) {
  HookQueue queue;
  for (std::size_t hook = 0; hook < 10; ++hook) queue.add(job(hook, hook));
  for (std::size_t count = 1; count < HookQueue::kMostAtOnce; ++count) EXPECT_TRUE(queue.take());
  EXPECT_FALSE(queue.take());
  queue.add(job(20, 20, 7));
  queue.add(job(21, 21, 8));
  EXPECT_EQ(queue.take()->question, 7U);
  EXPECT_FALSE(queue.take());
}

TEST(HookQueueTest, WhatIsWaitedForGoesFirst) {
  HookQueue queue;
  queue.add(job(0, 1));
  queue.add(job(0, 2, 7));
  EXPECT_EQ(queue.take()->event->version, 2U);
}

TEST(HookQueueTest, CountsWhatDoesNotFitIn) {
  HookQueue queue;
  for (std::size_t i = 0; i < HookQueue::kMostWaiting; ++i) ASSERT_TRUE(queue.add(job(0, i)));
  EXPECT_FALSE(queue.add(job(0, 1)));
  EXPECT_FALSE(queue.add(job(1, 1)));
  EXPECT_TRUE(queue.add(job(1, 1, 7))) << "what is waited for has a queue of its own";
  EXPECT_EQ(queue.take_dropped(), 2U);
  EXPECT_EQ(queue.take_dropped(), 0U);
}

TEST(HookQueueTest, ForgetsWhatNobodyWaitsForAnyMore) {
  HookQueue queue;
  queue.add(job(0, 1, 7));
  queue.add(job(1, 2));
  queue.drop_questions();
  EXPECT_EQ(queue.waiting(), 1U);
  EXPECT_EQ(queue.take()->event->version, 2U);
}

}  // namespace
}  // namespace ccm::agent
