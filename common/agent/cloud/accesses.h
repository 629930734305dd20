// SPDX-License-Identifier: Apache-2.0
// What the agent reads while it is root: its access to the cloud and, in a fleet, to etcd. A host
// goes on serving its certificates even when something cannot be read.
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
  // What this host gives the other hosts of the fleet while it leads.
  std::shared_ptr<fleet::FleetRoster> roster = std::make_shared<fleet::FleetRoster>();
  // False when this host of a fleet cannot do the leader's work and leaves it to another one.
  bool may_lead = true;
};

// Logs what cannot be used.
Accesses read_accesses(const config::Config& config, Log& log);

// The fleet's store or, without a fleet, the store of the state directory. When the fleet's store
// cannot be opened, this host's copy of it; then `accesses` says that the host may not lead. Takes
// the access to the fleet out of `accesses`. `log` outlives the store.
Result<std::unique_ptr<store::Store>> open_agent_store(const config::Config& config,
                                                       const std::string& state_path,
                                                       Accesses& accesses, Log& log);

}  // namespace ccm::agent
