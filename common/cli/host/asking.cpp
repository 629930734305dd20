// SPDX-License-Identifier: Apache-2.0
#include "cli/host/asking.h"

#include <utility>

#include "cli/host/waiting.h"

namespace ccm::cli {

Result<Asked> ask_leader(Workspace& workspace, StoreAccess& access, const store::Request& request,
                         int seconds) {
  Result<std::string> id = store::leave_request(access.path(), request);
  if (!id) return pass(std::move(id));
  Asked asked{.id = *std::move(id), .answer = std::nullopt};
  wait_until(workspace.clock(), seconds, waiting_for(request.name), [&] {
    asked.answer = store::find_answer(access.store(), asked.id);
    return asked.answer.has_value();
  });
  return asked;
}

std::string withdraw(StoreAccess& access, const std::string& name, const Asked& asked) {
  const store::RequestFile file{asked.id, name};
  if (!store::is_waiting(access.path(), file)) {
    return "; it has begun, and the server's error log says what becomes of it";
  }
  store::withdraw_request(access.path(), file);
  return ", so the request was taken back";
}

}  // namespace ccm::cli
