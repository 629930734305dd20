// SPDX-License-Identifier: Apache-2.0
#include "cli/host/store_access.h"

#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "store/kinds.h"

namespace ccm::cli {
namespace {

Result<void> become_owner() {
  struct stat facts {};
  if (stat(".", &facts) != 0) return fail(system_error("reading the state directory", errno));
  if (geteuid() != 0 || facts.st_uid == 0) return {};
  if (setgroups(0, nullptr) != 0 || setgid(facts.st_gid) != 0 || setuid(facts.st_uid) != 0) {
    return fail(system_error("becoming the owner of the state directory", errno));
  }
  return {};
}

}  // namespace

Result<StoreAccess> StoreAccess::enter(const std::string& state_directory) {
  if (chdir(state_directory.c_str()) != 0) {
    return fail(ErrorKind::rejected, fmt::format("{}: {}", state_directory, errno_text(errno)));
  }
  if (auto owner = become_owner(); !owner) return pass(std::move(owner));
  umask(077);
  auto store = store::open_store(".");
  if (!store) return pass(std::move(store));
  auto lease = (*store)->try_lead();
  if (!lease) return pass(std::move(lease));
  return StoreAccess(*std::move(store), *std::move(lease));
}

}  // namespace ccm::cli
