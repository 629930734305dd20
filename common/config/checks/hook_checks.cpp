// SPDX-License-Identifier: Apache-2.0
#include "config/checks/hook_checks.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "config/sentences.h"

namespace ccm::config {
namespace {

constexpr uid_t kRootUser = 0;

Failure refuse_program(const std::string& path, const std::string& why) {
  return fail(ErrorKind::invalid, fmt::format("the program {} {}", in_quotes(path), why));
}

// Whoever may write to a directory may replace a program in it.
Result<void> check_folders(const std::string& path) {
  for (std::size_t slash = path.rfind('/'); slash != std::string::npos && slash != 0;
       slash = path.rfind('/', slash - 1)) {
    const std::string folder = path.substr(0, slash);
    struct stat facts {};
    if (stat(folder.c_str(), &facts) != 0) continue;
    const bool is_anybodys = (facts.st_mode & S_IWOTH) != 0 && (facts.st_mode & S_ISVTX) == 0;
    if (is_anybodys) {
      return refuse_program(path, fmt::format("lies in {}, where everybody may replace it (mode "
                                              "{:04o}); chmod o-w {}",
                                              in_quotes(folder), facts.st_mode & 07777U, folder));
    }
  }
  return {};
}

// If root runs a program that another account may change, that account can become root.
void warn_of_owner(const Hook& hook, std::vector<HostFinding>& findings) {
  const std::string& path = hook.command[0];
  struct stat facts {};
  if (hook.user != "root" || stat(path.c_str(), &facts) != 0) return;
  if (facts.st_uid == kRootUser && (facts.st_mode & S_IWGRP) == 0) return;
  findings.push_back({false, at(fmt::format("the program {} runs as root, and others than root may "
                                            "change it; chown root:root {} and chmod go-w {}",
                                            in_quotes(path), path, path),
                                hook.origin)});
}

}  // namespace

Result<void> check_hook_program(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) {
    // The hook's account may have access that this process lacks.
    if ((errno == EACCES || errno == EPERM) && geteuid() != kRootUser) return {};
    return refuse_program(path, fmt::format("cannot be run: {}", errno_text(errno)));
  }
  if (!S_ISREG(facts.st_mode)) return refuse_program(path, "is not a regular file");
  if ((facts.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) {
    return refuse_program(path, fmt::format("is not executable; chmod +x {}", path));
  }
  if ((facts.st_mode & S_IWOTH) != 0) {
    return refuse_program(path, fmt::format("can be changed by everybody (mode {:04o}); chmod o-w "
                                            "{}",
                                            facts.st_mode & 07777U, path));
  }
  return check_folders(path);
}

Result<std::optional<Account>> hook_account(const Hook& hook) {
  const std::string name = hook.user.empty() ? kHookAccount : hook.user;
  const bool is_root = geteuid() == kRootUser;
  if (!is_root && hook.user.empty()) return std::optional<Account>();
  std::optional<Account> account = find_account(name);
  if (!account) {
    return fail(ErrorKind::invalid,
                fmt::format("there is no account {}; create it or name another one with user=",
                            in_quotes(name)));
  }
  if (is_root) return account;
  if (account->user == geteuid()) return std::optional<Account>();
  return fail(ErrorKind::invalid,
              fmt::format("the server was not started as root, so it can run programs as {} only, "
                          "and not as {}; leave out user=",
                          in_quotes(user_text(geteuid())), in_quotes(name)));
}

void check_hooks(const std::vector<Hook>& hooks, std::vector<HostFinding>& findings) {
  for (const Hook& hook : hooks) {
    if (const auto good = check_hook_program(hook.command[0]); !good) {
      findings.push_back({true, at(good.error().message(), hook.origin)});
    }
    if (const auto account = hook_account(hook); !account) {
      findings.push_back({true, at(account.error().message(), hook.origin)});
    }
    warn_of_owner(hook, findings);
  }
}

}  // namespace ccm::config
