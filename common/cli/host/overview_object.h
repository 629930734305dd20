// SPDX-License-Identifier: Apache-2.0
// Everything about this host's certificates as JSON: the contract of `ccmctl --json status`,
// `list`, `show` and `history` (docs/ccmctl.md). Pure.
#pragma once

#include <vector>

#include "base/clock.h"
#include "cli/host/agents.h"
#include "cli/host/overview.h"
#include "cloud/reply/json.h"

namespace ccm::cli {

cloud::JsonObject object_of(const store::VersionInfo& info);
cloud::JsonObject object_of(const Overview& overview, Time now);
// {"certificates": [...], "servers": [...]}
cloud::JsonObject object_of(const std::vector<Overview>& overviews,
                            const std::vector<store::EffectiveSettings>& servers, Time now);

}  // namespace ccm::cli
