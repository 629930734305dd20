// SPDX-License-Identifier: Apache-2.0
// Knows, for the host that leads, what the other hosts' servers are set to, and fills the roster.
// All of it is read once; what changes then is heard of (hosts_watch.h). Only what a member says
// counts, so that settings of a host that has left do not come back. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

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

  // Reads all. Settings that do not open, are no member's, or are of another release, are told of
  // once and count for nothing.
  Result<void> look(const FleetKeys& keys);
  // What has happened since, to settings or anything else. What is known already is passed over.
  void hear(const std::vector<EtcdEvent>& events, const FleetKeys& keys);
  // The revision of etcd up to which all is known. 0: all is to be read, because nothing is known,
  // or the fleet has another key, which opens more.
  EtcdRevision known_to(const FleetKeys& keys) const;
  // All is to be read. The roster stays as it is until then.
  void forget() {
    const std::lock_guard lock(mutex_);
    known_to_ = 0;
  }

 private:
  struct Believed {
    HostSettings settings;
    EtcdRevision modified = 0;
  };
  using Known = std::map<std::string, Believed>;    // by the key of etcd
  using Entries = std::map<std::string, EtcdItem>;  // of the members, by their ids

  // `before`: what counts instead when these settings do not; nullptr: nothing.
  void take_in(const EtcdItem& item, const Entries& members, const FleetKeys& keys,
               const Believed* before);
  // Changes nothing where it cannot ask etcd: then all is to be read.
  void hear_settings(const EtcdItem& item, const FleetKeys& keys);
  Result<Entries> read_entries(const EtcdRange& range, const FleetKeys& keys);
  std::string id_of(const EtcdItem& item) const {
    return item.key.substr(layout_.settings().size());
  }
  Result<HostSettings> open(const EtcdItem& item, const FleetKeys& keys);
  void tell(const std::string& key, const HostSettings& settings);
  void fill_roster();

  EtcdClient& etcd_;
  const std::string self_;
  const FleetLayout& layout_;
  FleetRoster& roster_;
  Log& log_;
  mutable std::mutex mutex_;
  ConfigPool configs_;
  Known known_;
  std::map<std::string, std::string> problems_;  // as they were told of last
  EtcdRevision known_to_ = 0;
  std::string sealed_with_;  // the id of the fleet's key then
};

}  // namespace ccm::fleet
