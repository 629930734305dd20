// SPDX-License-Identifier: Apache-2.0
// From root to the agent's own user, for good, and the state directory that goes with it. Used
// once, by the agent's process, before it has threads or touches the network.
#pragma once

#include <optional>
#include <string>

#include "base/account.h"
#include "base/result.h"

namespace ccm::agent {

// Who the agent shall be: the account of the setting `user`; without one the account "ccm".
// nullopt: it stays who it is, because it is not root. `invalid` when the account does not exist:
// nothing makes the agent work as root but a setting that names root.
Result<std::optional<Account>> choose_account(const std::string& user);

// Makes the state directory when it is missing, hands it to the account when it belongs to root,
// closes it to everybody else, and makes it the current directory: from then on the store is ".",
// whatever directories above it the account may not pass through. `invalid` or `rejected` when it
// is no state directory (store/host/state_directory.h); then nothing was changed. Of a store only
// what a store has is handed over.
Result<void> enter_state_directory(const std::string& path, const std::optional<Account>& account);

// Becomes the account and makes sure there is no way back. `rejected` when the system refuses it.
Result<void> become(const Account& account);

}  // namespace ccm::agent
