// SPDX-License-Identifier: Apache-2.0
// Tells the fleet this host's settings, its condition, and how handshakes end with versions that
// are tried out: sealed values of etcd under a lease, so that they disappear some time after the
// host. Only a member writes them. Settings are written when they change; the report, which is
// small, also every minute. Checks that etcd still has the settings, because a restored backup may
// not. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/hosts/host_settings.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_host.h"
#include "fleet/store/fleet_layout.h"
#include "fleet/store/fleet_lease.h"
#include "store/host/canary_file.h"

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

  // Writes what has changed, and keeps the lease alive. `transient` when it should be tried again
  // soon.
  Result<void> look(const FleetHost::Standing& standing);

 private:
  Result<void> keep_lease(SteadyTime now);
  Result<void> tell_settings(const FleetKeys& keys);
  Result<void> tell_how_it_goes(const FleetHost::Standing& standing);
  Result<void> tell_canaries(const FleetKeys& keys);
  bool is_time_for(const store::CanariesCounted& counted) const;
  Result<EtcdRevision> commit(const FleetKeys& keys, EtcdChange change,
                              std::vector<EtcdCompare> base);
  // Returns the revision. `base`: a further condition.
  Result<EtcdRevision> put(const FleetKeys& keys, const std::string& key, const Secret& text,
                           std::vector<EtcdCompare> base = {});

  const Parts parts_;
  EtcdLease lease_ = 0;
  SteadyTime next_keep_alive_{};
  SettingsTraces written_;
  std::string sealed_with_;             // the id of the fleet's key at that time
  EtcdRevision settings_modified_ = 0;  // their revision; 0: etcd has none that this process wrote
  SteadyTime reported_{};               // the epoch: not yet under this lease
  std::uint64_t reported_heads_ = 0;
  FailedCopies reported_failed_;
  bool reported_wrong_clock_ = false;
  // The counts that were written last; nullopt: etcd may have those of an earlier process.
  std::optional<store::CanariesCounted> canaries_;
  SteadyTime canaries_told_{};  // when they were written
};

}  // namespace ccm::fleet
