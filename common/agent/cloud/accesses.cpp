// SPDX-License-Identifier: Apache-2.0
#include "agent/cloud/accesses.h"

#include <utility>

#include "base/clock.h"
#include "store/host/fleet_note.h"
#include "store/kinds.h"

namespace ccm::agent {
namespace {

void say_trouble_with_cloud(const CloudAccess& access, bool is_in_fleet, Log& log) {
  const std::optional<Error> trouble = access.trouble();
  if (!trouble) return;
  if (is_in_fleet && !access.can_call()) {
    log.error(
        "{}; this host serves the fleet's certificates, and does not lead the fleet until the file "
        "is good again, which the agent notices",
        trouble->message());
    return;
  }
  log.error(
      "{}; certificates are served but not renewed until the file is good again, which the agent "
      "notices",
      trouble->message());
}

// Without the fleet this host would order certificates of its own, so it must not lead.
void give_up_fleet(Accesses& accesses, const Error& problem, Log& log) {
  log.error(
      "the fleet: {}; until that is put right, this host serves its copy and gets nothing new; the "
      "agent notices when one of the fleet's files has changed",
      problem.message());
  accesses.fleet_problem = problem.message();
  accesses.may_lead = false;
}

}  // namespace

Accesses read_accesses(const config::Config& config, Log& log) {
  const std::optional<config::FleetConfig>& place = config.global().fleet;
  Accesses accesses{.cloud = read_cloud_access(config, log), .fleet = std::nullopt};
  say_trouble_with_cloud(accesses.cloud, place.has_value(), log);
  if (!place) return accesses;
  accesses.may_lead = accesses.cloud.can_call();
  Result<fleet::FleetAccess> fleet = fleet::read_fleet_access(*place);
  if (fleet) {
    accesses.fleet = *std::move(fleet);
  } else {
    give_up_fleet(accesses, fleet.error(), log);
  }
  return accesses;
}

Result<std::unique_ptr<store::Store>> open_agent_store(const config::Config& config,
                                                       const std::string& state_path,
                                                       Accesses& accesses, Log& log) {
  const std::optional<config::FleetConfig>& place = config.global().fleet;
  if (!place) {
    store::remove_fleet_note(state_path);
    return store::open_store(state_path);
  }
  if (std::optional<fleet::FleetAccess> access = std::exchange(accesses.fleet, std::nullopt)) {
    auto store =
        fleet::open_fleet_store(*place, *std::move(access), state_path, log, accesses.roster);
    if (store) return store;
    give_up_fleet(accesses, store.error(), log);
  }
  auto copy = store::open_store(state_path);
  if (!copy) return copy;
  // If the note cannot be written, the log still has the problem.
  static_cast<void>(store::write_fleet_note(state_path, {.fleet = place->name,
                                                         .host = {},
                                                         .since = SystemClock().now(),
                                                         .problem = accesses.fleet_problem}));
  return copy;
}

}  // namespace ccm::agent
