// SPDX-License-Identifier: Apache-2.0
// Checks a hook's program and account on this host. The server's configuration test calls it, and
// the monitor before each run, because files change. Any process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/account.h"
#include "base/result.h"
#include "config/checks/host_checks.h"
#include "config/config.h"

namespace ccm::config {

// The account of hooks that name none, when the server was started as root: it owns no files and
// can read neither credentials nor keys.
inline constexpr const char* kHookAccount = "nobody";

// Whether the program exists and is safe: an executable file that only its owner and its group may
// replace or change.
Result<void> check_hook_program(const std::string& path);
// The account to run it as; nullopt: our own, because a process without root cannot change it.
Result<std::optional<Account>> hook_account(const Hook& hook);

// All checks of all hooks, for the configuration test.
void check_hooks(const std::vector<Hook>& hooks, std::vector<HostFinding>& findings);

}  // namespace ccm::config
