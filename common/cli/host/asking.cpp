// SPDX-License-Identifier: Apache-2.0
#include "cli/host/asking.h"

#include <utility>

#include "cli/host/waiting.h"

namespace ccm::cli {

Result<Asked> ask_leader(Workspace& workspace, StoreAccess& access, const store::Request& request,
                         int seconds) {
  Result<std::string> id = access.store().inbox().leave(request);
  if (!id) return pass(std::move(id));
  Asked asked{.id = *std::move(id), .answer = std::nullopt};
  wait_until(workspace.clock(), seconds, waiting_for(request.name), [&] {
    asked.answer = store::find_answer(access.store(), asked.id);
    return asked.answer.has_value();
  });
  return asked;
}

std::string withdraw(StoreAccess& access, const std::string& name, const Asked& asked) {
  const store::Ticket ticket{asked.id, name};
  if (!access.store().inbox().is_waiting(ticket)) {
    return "; it has begun, and the server's error log says what becomes of it";
  }
  if (access.store().inbox().withdraw(ticket)) return ", so the request was taken back";
  return "; the request could not be taken back and may still be carried out, in a fleet within an "
         "hour";
}

}  // namespace ccm::cli
