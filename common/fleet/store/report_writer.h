// SPDX-License-Identifier: Apache-2.0
// Tells the fleet what this host's servers are set to: a sealed value of etcd, under a lease, so
// that it goes away some time after the host. Only a member writes it. One thread.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_layout.h"
#include "fleet/store/fleet_lease.h"
#include "fleet/store/host_settings.h"

namespace ccm::fleet {

class ReportWriter {
 public:
  struct Parts {
    EtcdClient& etcd;
    const FleetLayout& layout;
    FleetLeader self;
    std::string state_path;
    const Clock& clock;
  };
  explicit ReportWriter(Parts parts) : parts_(std::move(parts)) {}

  // Writes what has changed, and keeps the lease alive. `transient` when it is to be tried again
  // soon.
  Result<void> look(const FleetKeys& keys);

 private:
  Result<void> keep_lease(SteadyTime now);
  Result<void> put(const FleetKeys& keys, const std::string& key, const Secret& text);

  const Parts parts_;
  EtcdLease lease_ = 0;
  SteadyTime next_keep_alive_{};
  SettingsTraces written_;
  std::string sealed_with_;  // the id of the fleet's key then
};

}  // namespace ccm::fleet
