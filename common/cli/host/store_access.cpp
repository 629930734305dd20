// SPDX-License-Identifier: Apache-2.0
#include "cli/host/store_access.h"

#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "cli/host/agents.h"
#include "cli/host/fleet_member.h"
#include "cli/output/terminal_log.h"
#include "fleet/access/fleet_access.h"
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

// Longer than a newly started agent takes.
constexpr std::chrono::milliseconds kLongestWait{5000};
constexpr std::chrono::milliseconds kBetweenLooks{250};

bool has_agent(Workspace& workspace) {
  const auto servers = workspace.settings();
  return servers && std::any_of((*servers)->begin(), (*servers)->end(), [](const auto& server) {
           return condition_of(server.seen) == AgentCondition::works;
         });
}

// If an agent lives, it should lead, because only its work runs hooks. An agent that has just
// replaced another one may need a moment.
Result<std::unique_ptr<store::Lease>> try_lead(store::Store& store, bool has_agent) {
  const auto until = std::chrono::steady_clock::now() + kLongestWait;
  for (;;) {
    auto lease = store.try_lead();
    const bool is_last = !lease || *lease == nullptr || !has_agent;
    if (is_last || std::chrono::steady_clock::now() >= until) return lease;
    lease->reset();
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace

Result<StoreAccess> StoreAccess::enter(Workspace& workspace) {
  const std::string& state_directory = workspace.options.state_directory;
  const bool agent_lives = has_agent(workspace);
  const auto fleet = find_fleet(workspace);
  if (!fleet) return fail(fleet.error());
  auto& access = workspace.fleet_access;
  if (*fleet && !access) {
    auto read = fleet::read_fleet_access(**fleet);
    if (!read) return fail_with(std::move(read), "the fleet");
    access = *std::move(read);
  }
  if (chdir(state_directory.c_str()) != 0) {
    return fail(ErrorKind::rejected, fmt::format("{}: {}", state_directory, errno_text(errno)));
  }
  if (state_directory != ".") workspace.has_entered(state_directory);
  if (auto owner = become_owner(); !owner) return pass(std::move(owner));
  umask(077);
  Parts parts{.log = std::make_unique<TerminalLog>(), .store = nullptr};
  auto store = *fleet ? fleet::open_fleet_store(**fleet, access->clone(), ".", *parts.log)
                      : store::open_store(".");
  if (!store) return pass(std::move(store));
  parts.store = *std::move(store);
  parts.store->start();
  auto lease = try_lead(*parts.store, agent_lives);
  if (!lease) return pass(std::move(lease));
  parts.lease = *std::move(lease);
  return StoreAccess(std::move(parts));
}

}  // namespace ccm::cli
