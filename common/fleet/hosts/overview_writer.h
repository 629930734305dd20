// SPDX-License-Identifier: Apache-2.0
// Puts together, while this host leads, how all hosts of the fleet are, and writes it for all of
// them: one small value, after a change and also every minute. So a host of 1,000 knows of the
// others without reading each report. Also reports hosts that come and go. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fleet_overview.h"
#include "base/result.h"
#include "fleet/hosts/fleet_roster.h"
#include "fleet/hosts/host_book.h"
#include "fleet/hosts/hosts_heard.h"
#include "fleet/store/fleet_host.h"
#include "fleet/store/fleet_keyring.h"

namespace ccm::fleet {

class OverviewWriter {
 public:
  struct Parts {
    FleetHost& host;
    const ReportBook& reports;
    FleetRoster& roster;
    const Clock& clock;
    std::string state_path;
  };
  explicit OverviewWriter(Parts parts) : parts_(std::move(parts)) {}

  // `transient` when the next look may do better.
  Result<void> look(const FleetHost::Standing& standing);

 private:
  void begin_anew();
  Result<void> read_members(const FleetHost::Standing& standing);
  void tell_of_lost(const HostReports& reports, Time now);
  FleetOverview put_together(const FleetHost::Standing& standing, const HostReports& reports,
                             Time now);
  EtcdRevision settled(SteadyTime now, EtcdRevision followed);
  void tell(EventType type, const std::string& host, std::string_view what);
  Result<void> write(const FleetHost::Standing& standing, const FleetOverview& overview);

  const Parts parts_;
  bool has_begun_ = false;
  SteadyTime next_look_{};
  SteadyTime written_{};
  std::optional<FleetOverview> last_;  // the last one that was written
  std::vector<FleetMember> members_;
  std::optional<std::uint64_t> members_heard_;  // Standing::members_heard when they were read
  HostsHeard heard_;
  // The revisions up to which etcd was followed, and when.
  std::deque<std::pair<SteadyTime, EtcdRevision>> followed_;
};

}  // namespace ccm::fleet
