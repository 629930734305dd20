// SPDX-License-Identifier: Apache-2.0
// The store of a fleet: on etcd, with a copy in a file store of each host. Reading is reading the
// copy, whatever becomes of etcd. Writing is one transaction of etcd that compares the leader's
// fencing token and the revision of what it replaces; then the copy follows. A thread follows what
// the other hosts write.
//
// Several agents of a host may have the same state path: the one with the file store's lease
// follows for all, and only that one tries to lead the fleet. The log of events and the operator's
// keys are the host's.
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
  std::string host_id = {};  // what it is known by (fleet_keyring.h)
  std::chrono::seconds lease_life{15};
  // Where it is said what the other hosts' servers are set to, as soon as this host leads.
  std::shared_ptr<FleetRoster> roster = std::make_shared<FleetRoster>();
};

// Asks for the fleet's keys as they are now. Called when etcd is there for the first time, and
// again whenever the fleet has changed them for this host.
using KeySource = std::function<Result<FleetKeys>()>;

// Opens the copy, and follows the fleet from Store::start() on; etcd need not be there. `log`
// outlives the store.
Result<std::unique_ptr<store::Store>> open_etcd_store(FleetOptions options,
                                                      std::shared_ptr<EtcdClient> etcd,
                                                      KeySource read_keys, Log& log);

}  // namespace ccm::fleet
