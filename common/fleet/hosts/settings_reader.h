// SPDX-License-Identifier: Apache-2.0
// Reads, for the host that leads, what the other hosts' servers are set to, and fills the roster.
// All of it is read once, then only what has changed since. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/hosts/fleet_roster.h"
#include "fleet/hosts/host_settings.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_layout.h"

namespace ccm::fleet {

class SettingsReader {
 public:
  // Borrows all but the second: the id of this host, whose own settings are left out.
  SettingsReader(EtcdClient& etcd, std::string self, const FleetLayout& layout, FleetRoster& roster,
                 Log& log)
      : etcd_(etcd), self_(std::move(self)), layout_(layout), roster_(roster), log_(log) {}

  // Settings that do not open, or are of another release, are told of once and count for nothing.
  Result<void> look(const FleetKeys& keys);

 private:
  using Known = std::map<std::string, HostSettings>;  // by the key of etcd

  Result<EtcdPage> read(EtcdRevision written_since);
  HostSettings open(const EtcdItem& item, const FleetKeys& keys);
  void tell(const std::string& key, const HostSettings& settings);

  EtcdClient& etcd_;
  const std::string self_;
  const FleetLayout& layout_;
  FleetRoster& roster_;
  Log& log_;
  std::mutex mutex_;
  ConfigPool configs_;
  Known known_;
  std::map<std::string, std::string> problems_;  // as they were told of last
  EtcdRevision known_to_ = 0;
  std::string sealed_with_;  // the id of the fleet's key then: a new one opens more
};

}  // namespace ccm::fleet
