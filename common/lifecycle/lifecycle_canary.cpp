// SPDX-License-Identifier: Apache-2.0
// The part of the engine that follows what is in the store and what is tried out, and that calls
// for a look outside the schedule.
#include "lifecycle/attempt/activation.h"
#include "lifecycle/lifecycle.h"
#include "policy/canary.h"

namespace ccm::lifecycle {

std::optional<store::Canary> Lifecycle::look_at_store(Entry& entry) const {
  entry.deadline = stored_deadline(parts_.store, *entry.spec, parts_.clock.now());
  const auto activation = pending_activation(parts_.store, *entry.spec, parts_.clock.now());
  entry.activates_at = activation ? activation->at : Time::max();
  return activation ? activation->canary : std::nullopt;
}

void Lifecycle::hasten(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (Entry* entry = make_due(name)) entry->is_revoked = true;
}

void Lifecycle::look_soon(const std::string& name) {
  const std::lock_guard lock(mutex_);
  make_due(name);
}

Lifecycle::Entry* Lifecycle::make_due(const std::string& name) {
  const auto found = entries_.find(name);
  if (found == entries_.end() || was_told_to_stay_away(found->second.state)) return nullptr;
  found->second.is_hastened = true;
  plan(found->second);
  return &found->second;
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
    if (!policy::find_rise(parts_.canary_counter(name, canary))) continue;
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.in_work) continue;
    found->second.is_hastened = true;
    plan(found->second);
  }
}

}  // namespace ccm::lifecycle
