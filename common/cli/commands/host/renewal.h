// SPDX-License-Identifier: Apache-2.0
// What `ccmctl renew NAME` does, for other commands that end with a renewal.
#pragma once

#include <string>

#include "cli/workspace/workspace.h"

namespace ccm::cli {

// Asks the agent, or renews here when there is none. `timeout`: how many seconds to wait for the
// agent; 0: do not wait.
Result<ExitCode> renew_one(Workspace& workspace, const std::string& name, int timeout);

}  // namespace ccm::cli
