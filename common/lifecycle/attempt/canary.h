// SPDX-License-Identifier: Apache-2.0
// A new version that is shown to a share of the handshakes before it takes the place of the one
// that is current (`canary`). It is staged (store/staging.h), and the record says when its canary
// began. The leader's engine begins it, and ends it in one of two ways (attempt_canary.cpp): the
// version becomes current at the end of the time, or it is taken back when handshakes with it fail
// clearly more often (policy/canary.h). What is current stays what it is until then, for every
// reader of the store.
//
// Free functions; any thread that may read the store.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/canary_tally.h"
#include "base/clock.h"
#include "config/config.h"
#include "store/staging.h"
#include "store/store_reader.h"

namespace ccm::lifecycle {

// The version that is tried out now; nullopt: none. A version that is being taken back does not
// count any more.
std::optional<store::Canary> canary_of(const store::StoreReader& store, const std::string& name);

// When the canary ends by itself: not later than `latest`, for safety, and not later than a whole
// canary from now, in case the clock was set back.
Time end_of_canary(const config::CanaryPlan& plan, const store::Canary& canary, Time latest,
                   Time now);

// Whether the canary seems to have begun in the future, by more than clocks differ. Then somebody
// has set the clock since, the canary would last until that time, and so it begins again.
bool is_begun_ahead(const store::Canary& canary, Time now) noexcept;

// The counts so far, from all hosts that can be seen (store/host/canary_file.h). Any thread.
using CanaryCounter =
    std::function<HostTallies(const std::string& name, const store::Canary& canary)>;

}  // namespace ccm::lifecycle
