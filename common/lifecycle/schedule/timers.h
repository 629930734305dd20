// SPDX-License-Identifier: Apache-2.0
// Names in the order in which they are due, in queues; each queue can be held. Every operation
// costs O(log n), so the cost of a wake-up depends on what is due, not on what waits.
//
// Not thread-safe; its owner's lock guards it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"

namespace ccm::lifecycle {

template <typename Queue>
class Timers {
 public:
  struct Due {
    Time at;
    std::string name;
    auto operator<=>(const Due&) const = default;
  };

  // Moves a name into a queue. Time::max(): only removes it from where it was.
  void set(const std::string& name, const Queue& queue, Time at) {
    remove(name);
    if (at == Time::max()) return;
    change(queue, [&](Line& line) { line.waiting.insert({at, name}); });
    places_.emplace(name, std::pair(queue, at));
  }
  void remove(const std::string& name) {
    const auto found = places_.find(name);
    if (found == places_.end()) return;
    const auto& [queue, at] = found->second;
    change(queue, [&, due = Due{at, name}](Line& line) { line.waiting.erase(due); });
    places_.erase(found);
  }

  // first() ignores a queue that is held.
  void hold(const Queue& queue) {
    change(queue, [](Line& line) { line.is_held = true; });
  }
  void release(const Queue& queue) {
    change(queue, [](Line& line) { line.is_held = false; });
  }

  // The most overdue name of all queues that are not held, or of one queue; nullptr when there is
  // none.
  const Due* first() const {
    if (fronts_.empty()) return nullptr;
    return &*lines_.find(fronts_.begin()->second)->second.waiting.begin();
  }
  const Due* first(const Queue& queue) const {
    const auto found = lines_.find(queue);
    return found == lines_.end() || !found->second.counts() ? nullptr
                                                            : &*found->second.waiting.begin();
  }

 private:
  struct Line {
    std::set<Due> waiting;
    bool is_held = false;

    bool counts() const { return !is_held && !waiting.empty(); }
  };

  template <typename Change>
  void change(const Queue& queue, Change&& how) {
    const auto found = lines_.try_emplace(queue).first;
    Line& line = found->second;
    if (line.counts()) fronts_.erase({*line.waiting.begin(), queue});
    how(line);
    if (line.counts()) fronts_.insert({*line.waiting.begin(), queue});
    if (line.waiting.empty() && !line.is_held) lines_.erase(found);
  }

  std::map<Queue, Line> lines_;                           // none that is empty and not held
  std::set<std::pair<Due, Queue>> fronts_;                // of those that count
  std::map<std::string, std::pair<Queue, Time>> places_;  // where each name is
};

}  // namespace ccm::lifecycle
