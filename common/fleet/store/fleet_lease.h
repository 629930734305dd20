// SPDX-License-Identifier: Apache-2.0
// Leadership of a fleet: a key of etcd under a lease, kept alive by a thread of its own. It is
// given up on destruction, and by etcd when its holder has been silent for the lease's life. The
// fencing token is the revision at which the key was made, and every write compares it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/store/fleet_layout.h"
#include "store/store.h"

namespace ccm::fleet {

// nullptr when another host leads. `who`: this host, for people.
Result<std::unique_ptr<store::Lease>> acquire_fleet_lease(std::shared_ptr<EtcdClient> etcd,
                                                          const FleetLayout& layout,
                                                          const std::string& who,
                                                          std::chrono::seconds life);

}  // namespace ccm::fleet
