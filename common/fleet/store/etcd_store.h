// SPDX-License-Identifier: Apache-2.0
// The store of a fleet: on etcd, with a copy in a file store of each host. It is always read from
// the copy, whatever happens to etcd. A write is one transaction of etcd, which compares the
// leader's fencing token and the revision of what it replaces; then the copy is updated. A thread
// follows what the other hosts write.
//
// Several agents of a host may have the same state path. The one with the file store's lease
// follows for all of them, and only that one tries to lead the fleet. The log of events and the
// operator's keys belong to the host.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/hosts/fleet_roster.h"
#include "fleet/store/fleet_entry.h"
#include "store/store.h"

namespace ccm::fleet {

struct FleetOptions {
  std::string state_path;    // of the copy
  std::string fleet;         // its name: several may share an etcd
  std::string host;          // this host, for people; one word
  std::string host_id = {};  // its id (fleet_keyring.h)
  std::chrono::seconds lease_life{15};
  // Gets the settings of the other hosts' servers, as soon as this host leads.
  std::shared_ptr<FleetRoster> roster = std::make_shared<FleetRoster>();
};

// Reads the fleet's present keys. Called when etcd is there for the first time, and whenever the
// fleet has changed the keys for this host.
using KeySource = std::function<Result<FleetKeys>()>;

// Opens the copy, and follows the fleet after Store::start(). etcd need not be there. `log`
// outlives the store.
Result<std::unique_ptr<store::Store>> open_etcd_store(FleetOptions options,
                                                      std::shared_ptr<EtcdClient> etcd,
                                                      KeySource read_keys, Log& log);

}  // namespace ccm::fleet
