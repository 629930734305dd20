// SPDX-License-Identifier: Apache-2.0
// How the engine follows what waits in the store, and what is tried out.
#include "lifecycle/activation.h"
#include "lifecycle/lifecycle.h"
#include "policy/canary.h"

namespace ccm::lifecycle {

std::optional<store::Canary> Lifecycle::look_at_store(Entry& entry) const {
  entry.deadline = stored_deadline(parts_.store, *entry.spec, parts_.clock.now());
  const auto activation = pending_activation(parts_.store, *entry.spec, parts_.clock.now());
  entry.activates_at = activation ? activation->at : Time::max();
  return activation ? activation->canary : std::nullopt;
}

void Lifecycle::note_canary(const std::string& name, const std::optional<store::Canary>& canary) {
  if (canary) {
    canaries_.insert_or_assign(name, *canary);
  } else {
    canaries_.erase(name);
  }
}

void Lifecycle::watch_canaries() {
  if (!parts_.canary_counter) return;
  std::map<std::string, store::Canary, std::less<>> canaries;
  {
    const std::lock_guard lock(mutex_);
    canaries = canaries_;
  }
  for (const auto& [name, canary] : canaries) {
    if (!policy::is_clearly_worse(parts_.canary_counter(name, canary))) continue;
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.in_work) continue;
    found->second.is_hastened = true;
    plan(found->second);
  }
}

}  // namespace ccm::lifecycle
