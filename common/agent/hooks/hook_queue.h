// SPDX-License-Identifier: Apache-2.0
// Which hook runs next. Each hook runs once at a time and gets its events in order. At most
// kMostAtOnce hooks run at once. Hooks that somebody waits for go first and have an extra slot.
// Jobs that do not fit in are dropped and counted. Pure; one thread (the monitor's).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>

#include "base/event.h"

namespace ccm::agent {

struct HookJob {
  std::size_t hook = 0;  // its place in the table of the configuration
  std::shared_ptr<const Event> event;
  std::uint32_t question = 0;  // 0: nobody waits for its end
};

class HookQueue {
 public:
  static constexpr std::size_t kMostAtOnce = 4;
  // The most waiting jobs. Jobs of one event share it.
  static constexpr std::size_t kMostWaiting = 4000;

  // False: the queue is full, and the job is dropped.
  bool add(HookJob job);
  // The next one that may begin; its hook is busy from then on.
  std::optional<HookJob> take();
  void ended(std::size_t hook) { running_.erase(hook); }
  // Drops the jobs that somebody has waited for, because nobody waits now.
  void drop_questions() { asked_.clear(); }

  std::size_t waiting() const noexcept { return asked_.size() + told_.size(); }
  // How many jobs were dropped since the last call.
  std::size_t take_dropped() noexcept;

 private:
  std::optional<HookJob> take_from(std::deque<HookJob>& jobs);

  std::deque<HookJob> asked_;
  std::deque<HookJob> told_;
  std::set<std::size_t> running_;
  std::size_t dropped_ = 0;
};

}  // namespace ccm::agent
