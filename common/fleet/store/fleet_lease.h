// SPDX-License-Identifier: Apache-2.0
// Leadership of a fleet: a key of etcd under a lease, which a thread of its own keeps alive. It
// ends when this object is destroyed, and etcd ends it when its holder has been silent for the
// lease's life. The fencing token is the revision at which the key was made, and every write
// compares it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/store/fleet_layout.h"
#include "store/store.h"

namespace ccm::fleet {

// A host as the leader's key names it: "ID NAME LEASE PLACE". Not sealed, so it decides nothing.
struct FleetLeader {
  std::string id;
  std::string name;        // for people
  std::string place = {};  // of its copy (place_of())

  bool is_same_process_or_before(const FleetLeader& other) const noexcept {
    return !id.empty() && id == other.id && place == other.place;
  }
  // Machines that were cloned from one image have the same key file.
  bool has_the_key_file_of(const FleetLeader& other) const noexcept {
    return !id.empty() && id == other.id && place != other.place;
  }
};
FleetLeader parse_leader(std::string_view value);
// A text for an existing state directory that differs on every machine and after each start of the
// machine.
std::string place_of(const std::string& state_path);

struct Candidacy {
  FleetLeader who;  // this host
  std::chrono::seconds life;
  // The token of this process's last lease; 0: none. Another lease of the same place belongs to a
  // dead process, because this process has the file store's lease.
  EtcdRevision last_token;
  // The lease counts as held, and is kept alive in etcd, only while this is true.
  std::shared_ptr<const std::atomic<bool>> may_lead = std::make_shared<std::atomic<bool>>(true);
};
// nullptr when another host leads.
Result<std::unique_ptr<store::Lease>> acquire_fleet_lease(std::shared_ptr<EtcdClient> etcd,
                                                          const FleetLayout& layout,
                                                          const Candidacy& candidacy);

}  // namespace ccm::fleet
