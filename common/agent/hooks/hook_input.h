// SPDX-License-Identifier: Apache-2.0
// What a hook gets about its event: environment and standard input (docs/hooks.md is the contract).
// Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/account.h"
#include "base/event.h"

namespace ccm::agent {

// NAME=value: PATH, LANG, TZ where the server has one, HOME, USER and LOGNAME of the account it
// runs as, and CCM_… of the event. Nothing else is passed on.
std::vector<std::string> hook_environment(const Event& event,
                                          const std::optional<Account>& account);
// One JSON object and a line feed.
std::string hook_input(const Event& event);

}  // namespace ccm::agent
