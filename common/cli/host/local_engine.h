// SPDX-License-Identifier: Apache-2.0
// One step of the engine without an agent: ccmctl does for one certificate what the agent would do,
// under the store's lease. One thread.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "cli/cloud/cloud_access.h"
#include "cli/host/store_access.h"
#include "config/config.h"
#include "lifecycle/events/kept_events.h"
#include "store/answer.h"

namespace ccm::cli {

// Renews `name`, which must be in `config`. The engine logs to standard error.
store::Answer renew_here(CloudAccess& cloud, StoreAccess& access, const config::Config& config,
                         const std::string& name, const Clock& clock);

// Logs events of what ccmctl does itself while no agent leads. No hook is run, because that is the
// monitor's work.
class LocalEvents {
 public:
  LocalEvents(StoreAccess& access, const Clock& clock);
  Events& stream() noexcept { return kept_; }

 private:
  std::unique_ptr<Log> log_;
  lifecycle::KeptEvents kept_;
};

}  // namespace ccm::cli
