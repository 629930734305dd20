// SPDX-License-Identifier: Apache-2.0
// Asks the store's leader for something and waits for its answer (store/inbox.h). One thread.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cli/host/store_access.h"
#include "cli/workspace/workspace.h"
#include "store/answer.h"
#include "store/inbox.h"

namespace ccm::cli {

struct Asked {
  std::string id;
  std::optional<store::Answer> answer;  // nullopt: there was none in time
};

// Waits for the answer to this request for up to `seconds`, and says so on a terminal.
Result<Asked> ask_leader(Workspace& workspace, StoreAccess& access, const store::Request& request,
                         int seconds);
// Withdraws a request that nobody has answered. Returns the end of a sentence that says whether the
// leader had already begun.
std::string withdraw(StoreAccess& access, const std::string& name, const Asked& asked);

}  // namespace ccm::cli
