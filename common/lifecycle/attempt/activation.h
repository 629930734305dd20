// SPDX-License-Identifier: Apache-2.0
// When a new version of a certificate that has an activation window (`activate`) replaces the one
// that is shown. Until then the new version waits in the store (store/staging.h).
//
// A version never waits longer than latest_activation() (deadline.h) allows. Free functions; any
// thread that may read the store.
#pragma once

#include <optional>

#include "base/clock.h"
#include "config/config.h"
#include "crypto/certificate/bundle.h"
#include "lifecycle/attempt/canary.h"
#include "store/store_reader.h"

namespace ccm::lifecycle {

// When a successor of `shown` becomes current: `now` or earlier when it must not or need not wait.
// When the time zone cannot be read, it waits until latest_activation().
Time activation_time(const config::CertificateSpec& spec, const crypto::Bundle& shown,
                     const store::VersionInfo& info, Time now);

struct Activation {
  store::VersionNumber version = 0;
  Time at{};
  std::optional<store::Canary> canary = {};
};
// The version that waits, and a time: when it is shown or its canary (canary.h) begins or, during
// its canary, when it is shown to all. nullopt when none waits.
std::optional<Activation> pending_activation(const store::StoreReader& store,
                                             const config::CertificateSpec& spec, Time now);

}  // namespace ccm::lifecycle
