// SPDX-License-Identifier: Apache-2.0
#include "agent/process/thread_pool.h"

#include <unistd.h>

#include <cstdint>
#include <utility>

namespace ccm::agent {

ThreadPool::ThreadPool(unsigned size, int wake_descriptor) : wake_descriptor_(wake_descriptor) {
  threads_.reserve(size);
  for (unsigned i = 0; i < size; ++i) threads_.emplace_back([this] { work(); });
}

std::size_t ThreadPool::idle() const {
  const std::lock_guard lock(mutex_);
  const std::size_t hands = threads_.size();
  return in_work_ < hands ? hands - in_work_ : 0;
}

bool ThreadPool::is_idle() const {
  const std::lock_guard lock(mutex_);
  return in_work_ == 0;
}

void ThreadPool::give(Job job) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(job));
  ++in_work_;
  work_is_there_.notify_one();
}

Seconds ThreadPool::longest_work(SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  if (begun_.empty()) return Seconds(0);
  return std::chrono::duration_cast<Seconds>(now - *begun_.begin());
}

void ThreadPool::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    work_is_there_.wait(lock, [this] { return !queue_.empty(); });
    const Job job = std::move(queue_.front());
    queue_.pop_front();
    const auto begun = begun_.insert(std::chrono::steady_clock::now());
    lock.unlock();
    job();
    lock.lock();
    begun_.erase(begun);
    --in_work_;
    lock.unlock();
    const std::uint64_t one = 1;
    static_cast<void>(write(wake_descriptor_, &one, sizeof one) < 0);
  }
}

}  // namespace ccm::agent
