// SPDX-License-Identifier: Apache-2.0
// What a host needs to take part in its fleet. It is read from the files of the configuration while
// the process may read them, and used from then on. Nothing of it goes into an argument, the
// environment or a log.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "fleet/access/host_key.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/hosts/fleet_roster.h"
#include "store/store.h"

namespace ccm::fleet {

struct FleetAccess {
  EtcdOptions etcd;
  HostKey host;

  FleetAccess clone() const;
};

// Reads each file and checks it, without network. `invalid` or `rejected`, with the file in the
// sentence.
Result<FleetAccess> read_fleet_access(const config::FleetConfig& fleet);
// The same without the host's key, for a command that makes one.
Result<EtcdOptions> read_etcd_access(const config::FleetConfig& fleet);
Result<HostKey> read_host_key(const std::string& path);

// Opens the store of the fleet, with its copy at the state path. etcd need not be there
// (store/etcd_store.h). The store fills the roster when this host leads. `log` outlives it.
Result<std::unique_ptr<store::Store>> open_fleet_store(
    const config::FleetConfig& fleet, FleetAccess access, const std::string& state_path, Log& log,
    std::shared_ptr<FleetRoster> roster = std::make_shared<FleetRoster>());

}  // namespace ccm::fleet
