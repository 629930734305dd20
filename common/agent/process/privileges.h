// SPDX-License-Identifier: Apache-2.0
// Changes from root to the agent's own account for good, and prepares the state directory for it.
// Used once, by the agent's process, before it has threads or uses the network.
#pragma once

#include <optional>
#include <string>

#include "base/account.h"
#include "base/result.h"

namespace ccm::agent {

// The agent's account: that of the setting `user`, or "ccm" without the setting. nullopt: no
// change, because the process is not root. `invalid` when the account does not exist. The agent
// runs as root only if the setting says root.
Result<std::optional<Account>> choose_account(const std::string& user);

// Makes the state directory if it is missing, hands it to the account if root owns it, and closes
// it to everybody else. Then makes it the current directory: from then on the store is ".", and it
// does not matter which directories above it the account may not enter. `invalid` or `rejected`,
// without any change, when it cannot be a state directory (store/host/state_directory.h). Hands
// over only files that belong to a store.
Result<void> enter_state_directory(const std::string& path, const std::optional<Account>& account);

// Becomes the account and makes sure that the change cannot be undone. `rejected` when the system
// refuses.
Result<void> become(const Account& account);

}  // namespace ccm::agent
