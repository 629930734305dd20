// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/hook_queue.h"

#include <algorithm>
#include <utility>

namespace ccm::agent {

bool HookQueue::add(HookJob job) {
  std::deque<HookJob>& jobs = job.question == 0 ? told_ : asked_;
  if (jobs.size() >= kMostWaiting) {
    ++dropped_;
    return false;
  }
  jobs.push_back(std::move(job));
  return true;
}

std::optional<HookJob> HookQueue::take() {
  if (running_.size() >= kMostAtOnce) return std::nullopt;
  if (auto job = take_from(asked_)) return job;
  return running_.size() + 1 < kMostAtOnce ? take_from(told_) : std::nullopt;
}

std::optional<HookJob> HookQueue::take_from(std::deque<HookJob>& jobs) {
  const auto found = std::find_if(jobs.begin(), jobs.end(), [this](const HookJob& job) {
    return !running_.contains(job.hook);
  });
  if (found == jobs.end()) return std::nullopt;
  HookJob job = std::move(*found);
  jobs.erase(found);
  running_.insert(job.hook);
  return job;
}

std::size_t HookQueue::take_dropped() noexcept {
  return std::exchange(dropped_, 0);
}

}  // namespace ccm::agent
