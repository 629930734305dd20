// SPDX-License-Identifier: Apache-2.0
// The last step of a command that has changed what this host serves: waits until the running
// servers that name the certificate have published the installed version, and says which have. One
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/answers/render.h"
#include "cli/output/exit_code.h"
#include "cli/workspace/workspace.h"

namespace ccm::cli {

// Prints for people the sentence and who serves the version, for scripts the change with "servers".
// `state_path` is the path for this process now. ExitCode::not_served, with a sentence for each
// such server, when a server has not published the version within some seconds, or at once when its
// agent is dead and no new one starts.
Result<ExitCode> report_change(Workspace& workspace, const std::string& state_path,
                               const Change& change, std::string_view sentence);

}  // namespace ccm::cli
