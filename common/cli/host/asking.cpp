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
  switch (access.store().inbox().withdraw({asked.id, name})) {
    case store::Withdrawal::taken_back:
      return ", so the request was taken back";
    case store::Withdrawal::gone:
      return "; it has begun, and the server's error log says what becomes of it";
    case store::Withdrawal::may_be_served:
      break;
  }
  return "; the request could not be taken back and may still be carried out, in a fleet within an "
         "hour";
}

}  // namespace ccm::cli
