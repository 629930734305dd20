// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/attempt/activation.h"

#include <algorithm>

#include "base/time_zone.h"
#include "lifecycle/schedule/deadline.h"
#include "lifecycle/schedule/hold.h"
#include "policy/opening.h"
#include "store/staging.h"

namespace ccm::lifecycle {

Time activation_time(const config::CertificateSpec& spec, const crypto::Bundle& shown,
                     const store::VersionInfo& info, Time now) {
  if (!spec.activation.is_set()) return now;
  const Time latest = latest_activation(shown, info);
  const auto zone = TimeZone::load(spec.activation.zone);
  return zone ? std::min(policy::next_opening(spec.activation, *zone, now), latest) : latest;
}

std::optional<Activation> pending_activation(const store::StoreReader& store,
                                             const config::CertificateSpec& spec, Time now) {
  const store::VersionNumber version = store::staged_version(store, spec.name);
  const store::VersionNumber held = held_version(store, spec.name);
  // While an operator holds a version, no other one is shown.
  if (version == 0 || (held != 0 && held == store.current_version(spec.name))) return std::nullopt;
  const auto loaded = store.load(spec.name);
  if (!loaded || loaded->damage || !loaded->certificate)
    return Activation{.version = version, .at = now};
  const crypto::Bundle& shown = loaded->certificate->bundle;
  const store::VersionInfo& info = loaded->certificate->info;
  Activation activation{.version = version, .at = activation_time(spec, shown, info, now)};
  activation.canary = spec.canary.is_set() ? canary_of(store, spec.name) : std::nullopt;
  if (activation.canary) {
    activation.at =
        end_of_canary(spec.canary, *activation.canary, latest_activation(shown, info), now);
    if (is_begun_ahead(*activation.canary, now)) activation.at = now;
  }
  return activation;
}

}  // namespace ccm::lifecycle
