// SPDX-License-Identifier: Apache-2.0
// What all hosts of a fleet say of themselves. All of it is read once; what changes then is heard
// of (hosts_watch.h). Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/hosts/host_report.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_layout.h"

namespace ccm::fleet {

using HostReports = std::map<std::string, HostReport>;  // by the host's id

class ReportBook {
 public:
  explicit ReportBook(const FleetLayout& layout) : layout_(layout) {}

  // Reads all; the revision of etcd then. What no host writes counts for nothing.
  Result<EtcdRevision> read(EtcdClient& etcd, const FleetKeys& keys);
  // What has happened since, to reports or anything else.
  void hear(const std::vector<EtcdEvent>& events, const FleetKeys& keys);
  // nullopt: they have not been read, or are forgotten.
  std::optional<HostReports> all() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    reports_.reset();
  }

 private:
  void take_in(const EtcdItem& item, const FleetKeys& keys);

  const FleetLayout& layout_;
  mutable std::mutex mutex_;
  std::optional<HostReports> reports_;
};

}  // namespace ccm::fleet
