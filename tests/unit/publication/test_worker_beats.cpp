// SPDX-License-Identifier: Apache-2.0
// The signs of life of workers, which are processes of their own.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <utility>
#include <vector>

#include "publication/worker_beats.h"

namespace ccm::publication {
namespace {

using testing::Field;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr SteadyTime kStart{Seconds(5000)};

auto sign(pid_t pid, Seconds silence) {
  return testing::AllOf(Field(&WorkerSign::pid, pid), Field(&WorkerSign::silence, silence));
}

class WorkerBeatsTest : public testing::Test {
 protected:
  // A worker that has given one sign of life, and lives until the test ends.
  pid_t start_worker(SteadyTime now) {
    std::array<int, 2> done{};
    EXPECT_EQ(pipe(done.data()), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      WorkerBeats mine = WorkerBeats::open(file_.get()).value();
      mine.beat(now);
      static_cast<void>(write(done[1], "x", 1) == 1);
      for (;;) pause();
    }
    char byte = 0;
    EXPECT_EQ(read(done[0], &byte, 1), 1);
    close(done[0]);
    close(done[1]);
    workers_.push_back(pid);
    return pid;
  }
  void end(pid_t worker) {
    kill(worker, SIGKILL);
    waitpid(worker, nullptr, 0);
    std::erase(workers_, worker);
  }
  void TearDown() override {
    while (!workers_.empty()) end(workers_.back());
  }

  FileDescriptor file_ = WorkerBeats::create().value();
  WorkerBeats reader_ = WorkerBeats::open(file_.get()).value();
  std::vector<pid_t> workers_;
};

TEST_F(WorkerBeatsTest, TellHowLongEachWorkerIsSilent) {
  EXPECT_THAT(reader_.workers(kStart), IsEmpty());
  const pid_t first = start_worker(kStart);
  const pid_t second = start_worker(kStart + Seconds(7));
  const SteadyTime now = kStart + Seconds(10);
  EXPECT_THAT(reader_.workers(now),
              UnorderedElementsAre(sign(first, Seconds(10)), sign(second, Seconds(3))));
  EXPECT_THAT(reader_.workers(now, Seconds(4)), UnorderedElementsAre(sign(first, Seconds(10))));
  EXPECT_THAT(reader_.workers(kStart),
              UnorderedElementsAre(sign(first, Seconds(0)), sign(second, Seconds(0))));
}

// The caller lives, because it asks.
TEST_F(WorkerBeatsTest, AreThoseOfOthers) {
  reader_.beat(kStart);
  const pid_t other = start_worker(kStart);
  EXPECT_THAT(reader_.workers(kStart + Seconds(60)),
              UnorderedElementsAre(sign(other, Seconds(60))));
}

// Its number may belong to another process soon.
TEST_F(WorkerBeatsTest, EndWithTheWorkerHoweverItEnds) {
  const pid_t worker = start_worker(kStart);
  end(worker);
  EXPECT_THAT(reader_.workers(kStart + Seconds(60)), IsEmpty());
  const pid_t next = start_worker(kStart + Seconds(60));
  EXPECT_THAT(reader_.workers(kStart + Seconds(61)), UnorderedElementsAre(sign(next, Seconds(1))));
}

// Such as a CGI program's.
TEST_F(WorkerBeatsTest, AChildOfAWorkerIsNoneUntilItGivesASign) {
  reader_.beat(kStart);
  const pid_t child = fork();
  if (child == 0) {
    const bool sees_parent = reader_.workers(kStart).size() == 1;
    reader_.beat(kStart);
    const pid_t parent = getppid();
    const auto seen = reader_.workers(kStart);
    _exit(sees_parent && seen.size() == 1 && seen.front().pid == parent ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(WorkerBeatsTest, WhatIsNoneIsRefused) {
  const FileDescriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_FALSE(WorkerBeats::open(null.get()));
  EXPECT_FALSE(WorkerBeats::open(-1));
  const std::uint64_t wrong = 1;
  ASSERT_EQ(pwrite(file_.get(), &wrong, sizeof wrong, 0), static_cast<ssize_t>(sizeof wrong));
  EXPECT_FALSE(WorkerBeats::open(file_.get()));
}

}  // namespace
}  // namespace ccm::publication
