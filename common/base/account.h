// SPDX-License-Identifier: Apache-2.0
// Accounts of this host, as its user database knows them. Any process; asks the database each time.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>

namespace ccm {

struct Account {
  std::string name;
  uid_t user;
  gid_t group;
};

// The account that the agent works as unless the configuration names another one.
inline constexpr const char* kDefaultAccount = "ccm";

// nullopt when there is none of that name.
std::optional<Account> find_account(const std::string& name);
// "ccm", or "user 1234" when nobody has that number.
std::string user_text(uid_t user);

// Whether more accounts may read or write a secret file than need to. If another account owns the
// file, we may read it through its group, as orchestrators mount secrets (root's, mode 0440); any
// other right of others is too much.
bool is_exposed(const struct stat& facts) noexcept;

}  // namespace ccm
