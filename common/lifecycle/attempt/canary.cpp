// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/attempt/canary.h"

#include <algorithm>

#include "lifecycle/schedule/hold.h"

namespace ccm::lifecycle {

std::optional<store::Canary> canary_of(const store::StoreReader& store, const std::string& name) {
  const auto canary = store::staged_canary(store, name);
  if (!canary) return std::nullopt;
  const store::VersionNumber held = held_version(store, name);
  if (held != 0 && held == store.current_version(name)) return std::nullopt;
  return canary;
}

bool is_begun_ahead(const store::Canary& canary, Time now) noexcept {
  constexpr Seconds kDifference{60};
  return canary.since > now + kDifference;
}

Time end_of_canary(const config::CanaryPlan& plan, const store::Canary& canary, Time latest,
                   Time now) {
  return std::min(std::min(canary.since, now) + plan.time, latest);
}

}  // namespace ccm::lifecycle
