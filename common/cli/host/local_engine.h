// SPDX-License-Identifier: Apache-2.0
// One step of the engine without an agent: ccmctl does for one certificate what the agent would do,
// under the store's lease. One thread.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/cloud/cloud_access.h"
#include "cli/host/store_access.h"
#include "config/config.h"
#include "store/answer.h"

namespace ccm::cli {

// Renews `name`, which `config` has. What the engine says goes to standard error.
store::Answer renew_here(CloudAccess& cloud, StoreAccess& access, const config::Config& config,
                         const std::string& name, const Clock& clock);

}  // namespace ccm::cli
