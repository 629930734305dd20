// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/recent_loads.h"

#include <algorithm>

namespace ccm::store {

std::optional<StoredCertificate> RecentLoads::find(const std::string& name, const Traces& traces) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& each) {
    return each.name == name && each.traces == traces;
  });
  return found == entries_.end() ? std::nullopt : std::optional(found->loaded);
}

void RecentLoads::note(const std::string& name, const Traces& traces,
                       const StoredCertificate& loaded) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const Entry& each) { return each.name == name; });
  entries_.push_front({name, traces, loaded});
  if (entries_.size() > kMost) entries_.pop_back();
}

void RecentLoads::drop(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const Entry& each) { return each.name == name; });
}

}  // namespace ccm::store
