// SPDX-License-Identifier: Apache-2.0
// fleet status: shows every host of a fleet, from etcd and from the hosts' own reports.
#pragma once

#include "base/result.h"
#include "cli/commands/commands.h"
#include "cli/host/fleet_member.h"

namespace ccm::cli {

Result<ExitCode> show_fleet_status(Workspace& workspace, const FleetOptions& options);

}  // namespace ccm::cli
