// SPDX-License-Identifier: Apache-2.0
// What the agent reads while it is root: its way to the cloud and, where there is one, to its
// fleet. What cannot be read keeps no host from serving the certificates that it has.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/cloud/cloud_access.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "fleet/access/fleet_access.h"
#include "store/store.h"

namespace ccm::agent {

struct Accesses {
  CloudAccess cloud;
  std::optional<fleet::FleetAccess> fleet;  // nullopt: there is no fleet, or it cannot be read
  std::string fleet_problem = {};           // why it cannot
  // What other hosts of the fleet need of this one while it leads.
  std::shared_ptr<fleet::FleetRoster> roster = std::make_shared<fleet::FleetRoster>();
  // False where a host of a fleet cannot do the leader's work, and leaves it to another one.
  bool may_lead = true;
};

// Logs what cannot be used.
Accesses read_accesses(const config::Config& config, Log& log);

// The fleet's store or, without a fleet, that of the state directory. Where the fleet's cannot be
// opened, this host's copy of it; then `accesses` says that the host may not lead. Takes the access
// to the fleet out of `accesses`. `log` outlives the store.
Result<std::unique_ptr<store::Store>> open_agent_store(const config::Config& config,
                                                       const std::string& state_path,
                                                       Accesses& accesses, Log& log);

}  // namespace ccm::agent
