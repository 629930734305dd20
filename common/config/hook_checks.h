// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a hook on this host: its program and its account. Asked by the server's
// configuration test, and again by the monitor before each run, because files change. Any process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/account.h"
#include "base/result.h"
#include "config/config.h"
#include "config/host_checks.h"

namespace ccm::config {

// The account of hooks that name none, when the server was started as root: it owns nothing, and
// neither credentials nor keys are its business.
inline constexpr const char* kHookAccount = "nobody";

// Whether the program is there and is what the operator put there: a file that can be executed,
// which nobody may replace or change but its owner and its group.
Result<void> check_hook_program(const std::string& path);
// Whom to run it as; nullopt: as who we are, which is all that a process without root can do.
Result<std::optional<Account>> hook_account(const Hook& hook);

// Everything at once, for the configuration test.
void check_hooks(const std::vector<Hook>& hooks, std::vector<HostFinding>& findings);

}  // namespace ccm::config
