// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/attempt/asked_for.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace ccm::lifecycle {

bool AskedFor::is_before(const Names::value_type& a, const Names::value_type& b) noexcept {
  return std::tie(a.second.times, a.second.order) < std::tie(b.second.times, b.second.order);
}

void AskedFor::ask(std::string name, SteadyTime now) {
  const auto no = noes_.find(name);
  if (no != noes_.end() && now - no->second < kNo) return;
  if (waiting_.size() >= kMostWaiting && !waiting_.contains(name)) {
    waiting_.erase(std::min_element(waiting_.begin(), waiting_.end(), is_before));
  }
  Waiting& waiting = waiting_[std::move(name)];
  ++waiting.times;
  waiting.order = ++asked_;
}

std::optional<std::string> AskedFor::next(SteadyTime now) {
  if (waiting_.empty() || !allowance_.take(now)) return std::nullopt;
  const auto first = std::max_element(waiting_.begin(), waiting_.end(), is_before);
  return std::move(waiting_.extract(first).key());
}

void AskedFor::note_no(std::string name, SteadyTime now) {
  if (!noes_.insert_or_assign(name, now).second) return;
  oldest_no_.push_back(std::move(name));
  if (oldest_no_.size() <= kMostNoes) return;
  noes_.erase(oldest_no_.front());
  oldest_no_.pop_front();
}

}  // namespace ccm::lifecycle
