// SPDX-License-Identifier: Apache-2.0
#include "cli/asking.h"

#include <utility>

#include "cli/waiting.h"

namespace ccm::cli {

Result<Asked> ask_leader(Workspace& workspace, StoreAccess& access,
                         const lifecycle::Request& request, int seconds) {
  Result<std::string> id = lifecycle::leave_request(access.path(), request);
  if (!id) return pass(std::move(id));
  Asked asked{.id = *std::move(id), .answer = std::nullopt};
  wait_until(workspace.clock(), seconds, waiting_for(request.name), [&] {
    asked.answer = lifecycle::find_answer(access.store(), asked.id);
    return asked.answer.has_value();
  });
  return asked;
}

std::string withdraw(StoreAccess& access, const std::string& name, const Asked& asked) {
  const lifecycle::RequestFile file{asked.id, name};
  if (!lifecycle::is_waiting(access.path(), file)) {
    return "; it has begun, and the server's error log says what becomes of it";
  }
  lifecycle::withdraw_request(access.path(), file);
  return ", so the request was taken back";
}

}  // namespace ccm::cli
