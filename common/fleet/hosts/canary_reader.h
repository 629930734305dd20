// SPDX-License-Identifier: Apache-2.0
// Reads, for the host that leads, how handshakes end on the other hosts with versions that are
// tried out, and leaves it in the state directory, beside what this host's own servers have counted
// (store/host/canary_file.h): one line for each certificate, however many hosts there are, and one
// for each host on which it goes clearly worse. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_layout.h"
#include "store/host/canary_file.h"

namespace ccm::fleet {

// All hosts, by their ids; what does not open, or is none of ours, is left out.
using CanariesOfHosts = std::map<std::string, store::HostCanaries>;
Result<CanariesOfHosts> read_canaries_of_hosts(EtcdClient& etcd, const FleetLayout& layout,
                                               const FleetKeys& keys);

// What the leader's verdict needs of them (policy/canary.h): all that are unremarkable are added
// up, as store::kOtherHosts.
std::vector<store::HostCanaries> summary_of(std::vector<store::HostCanaries> hosts);

class CanaryReader {
 public:
  struct Place {
    std::string self;  // the id of this host, which counts for itself
    std::string state_path;
  };
  // Borrows the first two.
  CanaryReader(EtcdClient& etcd, const FleetLayout& layout, Place place)
      : etcd_(etcd), layout_(layout), place_(std::move(place)) {}

  Result<void> look(const FleetKeys& keys);
  // Nothing is tried out, or this host does not lead: leaves nothing behind.
  Result<void> rest() { return leave({}); }

 private:
  Result<void> leave(std::vector<store::HostCanaries> hosts);

  EtcdClient& etcd_;
  const FleetLayout& layout_;
  const Place place_;
  std::mutex mutex_;
  std::optional<std::vector<store::HostCanaries>> left_;  // nullopt: by whoever was here before
};

}  // namespace ccm::fleet
