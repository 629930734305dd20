// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "server/watch/worker_rows.h"

namespace ccm::server {
namespace {

class WorkerRowsTest : public testing::Test {
 protected:
  ~WorkerRowsTest() override { munmap(kept_.memory, kept_.size); }

  static std::uint64_t full(const WorkerRows& rows) {
    return rows.sums()[static_cast<std::size_t>(Count::full)];
  }
  // In a process of its own, which ends.
  static void in_worker(const std::function<void()>& body) {
    const pid_t pid = fork();
    if (pid == 0) {
      body();
      _exit(0);
    }
    int status = -1;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    ASSERT_EQ(status, 0);
  }

  WorkerRows::Kept kept_{};
};

TEST_F(WorkerRowsTest, CountsIntoNothingUntilItIsAWorkers) {
  WorkerRows rows;
  rows.enter();
  rows.count(Count::full);
  EXPECT_EQ(full(rows), 0U);
  ASSERT_TRUE(rows.attach(kept_, 1, 2));
  rows.count(Count::full);
  EXPECT_EQ(full(rows), 0U) << "the master serves nobody";
  rows.enter();
  rows.count(Count::full);
  EXPECT_EQ(full(rows), 1U);
}

TEST_F(WorkerRowsTest, EverybodySeesWhatAllHaveCountedAndNoSumFalls) {
  WorkerRows rows;
  ASSERT_TRUE(rows.attach(kept_, 1, 2));
  for (int worker = 0; worker < 5; ++worker) {
    in_worker([&] {
      rows.enter();
      rows.count(Count::full);
      rows.shows(1, 7);
    });
  }
  EXPECT_EQ(full(rows), 5U);
  EXPECT_TRUE(rows.workers().empty());
  rows.enter();
  ASSERT_EQ(rows.workers().size(), 1U);
  EXPECT_EQ(rows.workers()[0].pid, getpid());
  EXPECT_EQ(rows.workers()[0].generations[1].load(), 0U) << "a dead worker's row is taken over";
  rows.shows(1, 9);
  rows.shows(1, 8);
  EXPECT_EQ(rows.workers()[0].generations[1].load(), 9U);
  EXPECT_EQ(full(rows), 5U);
}

TEST_F(WorkerRowsTest, AReloadKeepsThemOrTheirSums) {
  WorkerRows rows;
  ASSERT_TRUE(rows.attach(kept_, 1, 2));
  rows.enter();
  rows.count(Count::full);
  WorkerRows same;
  ASSERT_TRUE(same.attach(kept_, 1, 2));
  EXPECT_EQ(same.workers().size(), 1U);
  WorkerRows other;
  ASSERT_TRUE(other.attach(kept_, 2, 30'000));
  EXPECT_TRUE(other.workers().empty());
  EXPECT_EQ(full(other), 1U);
}

TEST_F(WorkerRowsTest, SaysAgainAfterAMinute) {
  WorkerRows rows;
  EXPECT_FALSE(rows.may_say_again(SteadyTime(Seconds(100))));
  ASSERT_TRUE(rows.attach(kept_, 1, 1));
  EXPECT_TRUE(rows.may_say_again(SteadyTime(Seconds(100))));
  EXPECT_FALSE(rows.may_say_again(SteadyTime(Seconds(159))));
  EXPECT_TRUE(rows.may_say_again(SteadyTime(Seconds(160))));
}

TEST(Reasons, EachFailureHasAName) {
  for (std::size_t i = kFirstFailure; i < kCounts; ++i) {
    EXPECT_FALSE(reason_of(static_cast<Count>(i)).empty());
  }
}

}  // namespace
}  // namespace ccm::server
