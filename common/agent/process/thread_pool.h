// SPDX-License-Identifier: Apache-2.0
// A pool of threads. The agent's main thread gives it jobs while threads are idle, and is woken
// through a descriptor when a job has ended. The process ends by _exit while jobs run, so the
// threads are never joined: a ThreadPool that has begun is never destroyed.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace ccm::agent {

class ThreadPool {
 public:
  // Jobs must not throw.
  using Job = std::function<void()>;

  // `wake_descriptor` is an eventfd or a pipe that never blocks, borrowed.
  ThreadPool(unsigned size, int wake_descriptor);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // How many threads are idle.
  std::size_t idle() const;
  // Whether no job is queued or running.
  bool is_idle() const;
  void give(Job job);
  // How long the oldest running job has been running; 0 when none is.
  Seconds longest_work(SteadyTime now) const;

 private:
  void work();

  int wake_descriptor_;
  mutable std::mutex mutex_;
  std::condition_variable work_is_there_;
  std::deque<Job> queue_;            // guarded by mutex_
  std::size_t in_work_ = 0;          // queued and running; guarded by mutex_
  std::multiset<SteadyTime> begun_;  // when; guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace ccm::agent
