// SPDX-License-Identifier: Apache-2.0
// Reads, on the leading host, the settings of the other hosts' servers, and fills the roster. All
// are read once; later changes are heard of (hosts_watch.h). Only settings of members count, so
// that those of a host that has left do not come back. Thread-safe.
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

  // Reads everything. Settings that do not open, come from no member, or are of another release are
  // logged once and ignored.
  Result<void> look(const FleetKeys& keys);
  // Takes in what has happened since, to settings or anything else. Skips what is already known.
  void hear(const std::vector<EtcdEvent>& events, const FleetKeys& keys);
  // The revision of etcd up to which everything is known. 0: everything must be read, because
  // nothing is known yet, or because the fleet has a new key, which opens more.
  EtcdRevision known_to(const FleetKeys& keys) const;
  // Everything must be read again. The roster keeps its content until then.
  void forget() {
    const std::lock_guard lock(mutex_);
    known_to_ = 0;
  }

 private:
  struct Believed {
    HostSettings settings;
    EtcdRevision modified = 0;
  };
  using Known = std::map<std::string, Believed>;    // by etcd's key
  using Entries = std::map<std::string, EtcdItem>;  // of the members, by their ids

  // `before`: what to use if these settings do not count; nullptr: nothing.
  void take_in(const EtcdItem& item, const Entries& members, const FleetKeys& keys,
               const Believed* before);
  // Changes nothing if etcd cannot be asked; then everything must be read again.
  void hear_settings(const EtcdItem& item, const FleetKeys& keys);
  Result<Entries> read_entries(const EtcdRange& range, const FleetKeys& keys);
  std::string id_of(const EtcdItem& item) const {
    return item.key.substr(layout_.settings().size());
  }
  Result<HostSettings> open(const EtcdItem& item, const FleetKeys& keys);
  void tell(const std::string& key, const HostSettings& settings);
  // Logs that the settings from before go on to count, because the new ones do not.
  void tell_kept(const std::string& key, const std::string& host, const std::string& problem);
  void fill_roster();

  EtcdClient& etcd_;
  const std::string self_;
  const FleetLayout& layout_;
  FleetRoster& roster_;
  Log& log_;
  mutable std::mutex mutex_;
  ConfigPool configs_;
  Known known_;
  std::map<std::string, std::string> problems_;  // the last ones that were logged
  EtcdRevision known_to_ = 0;
  std::string sealed_with_;  // the id of the fleet's key at that time
};

}  // namespace ccm::fleet
