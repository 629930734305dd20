// SPDX-License-Identifier: Apache-2.0
// fleet status: every host of a fleet, as etcd and the hosts' own reports have it.
#pragma once

#include "base/result.h"
#include "cli/commands/commands.h"
#include "cli/host/fleet_member.h"

namespace ccm::cli {

Result<ExitCode> show_fleet_status(Workspace& workspace, const FleetOptions& options);

}  // namespace ccm::cli
