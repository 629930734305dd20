// SPDX-License-Identifier: Apache-2.0
#include "base/account.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>

namespace ccm {
namespace {

constexpr std::size_t kLargestEntry = 16384;

}  // namespace

std::optional<Account> find_account(const std::string& name) {
  std::array<char, kLargestEntry> buffer;
  passwd entry = {};
  passwd* found = nullptr;
  if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr) {
    return std::nullopt;
  }
  return Account{name, entry.pw_uid, entry.pw_gid};
}

std::string user_text(uid_t user) {
  std::array<char, kLargestEntry> buffer;
  passwd entry = {};
  passwd* found = nullptr;
  if (getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return fmt::format("user {}", user);
  }
  return found->pw_name;
}

bool is_exposed(const struct stat& facts) noexcept {
  const bool is_ours_to_close = facts.st_uid == geteuid() || geteuid() == 0;
  const mode_t needed = is_ours_to_close ? 0U : mode_t{S_IRGRP};
  return (facts.st_mode & (S_IRWXG | S_IRWXO) & ~needed) != 0;
}

}  // namespace ccm
