// SPDX-License-Identifier: Apache-2.0
#include "policy/canary.h"

namespace ccm::policy {

bool is_clearly_worse(const CanaryTally& tally, double deviations) noexcept {
  if (tally.candidate.failed() < kLeastFailures) return false;
  const auto failed = [](const CanarySide& side) { return static_cast<double>(side.failed()) + 1; };
  const auto shown = [](const CanarySide& side) { return static_cast<double>(side.shown()) + 2; };
  const double current = shown(tally.current);
  const double candidate = shown(tally.candidate);
  const double rise = failed(tally.candidate) / candidate - failed(tally.current) / current;
  const double common = (failed(tally.current) + failed(tally.candidate)) / (current + candidate);
  const double variance = common * (1 - common) * (1 / current + 1 / candidate);
  return rise >= kLeastRise && rise * rise >= deviations * deviations * variance;
}

std::optional<CanaryRise> find_rise(const HostTallies& hosts) {
  const CanaryTally sum = sum_of(hosts);
  if (is_clearly_worse(sum)) return CanaryRise{.tally = sum, .host = std::nullopt};
  for (const HostTally& each : hosts) {
    if (is_clearly_worse(each.tally, kDeviationsOfOne)) {
      return CanaryRise{.tally = each.tally, .host = each.host};
    }
  }
  return std::nullopt;
}

}  // namespace ccm::policy
