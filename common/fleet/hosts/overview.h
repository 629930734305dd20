// SPDX-License-Identifier: Apache-2.0
// How all hosts of the fleet are (base/fleet_overview.h): as the one that leads puts it together,
// and as each host takes it in. Pure functions, but for the last one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fleet_overview.h"
#include "fleet/etcd/etcd_messages.h"
#include "fleet/hosts/host_report.h"
#include "fleet/hosts/report_book.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_keyring.h"

namespace ccm::fleet {

struct OverviewFacts {
  const std::vector<FleetMember>& members;
  const HostReports& reports;
  // What has changed since the host that is the furthest behind wrote its report, or longer ago,
  // but for the last moments. In any order.
  std::vector<KnownCertificate> certificates;
  std::string leader;  // its id
  // When hosts were heard of last whose reports are gone, by their names.
  const std::map<std::string, Time>& seen;
  Time now;  // by etcd's clock
};
FleetOverview make_overview(OverviewFacts facts);
// When it was written, by etcd's clock; not later than `now`, which is by that, too.
Time seen(const HostReport& report, Time now);
bool is_silent(const HostReport& report, Time now);

// Whether two say the same of the hosts, but for when they were heard of.
bool says_the_same(const FleetOverview& one, const FleetOverview& other);

// Leaves what etcd has in the state directory, for the status and for ccmctl
// (store/host/fleet_note.h). What the fleet has not sealed changes nothing. Best effort.
void keep_overview(const EtcdItem& item, const FleetKeys& keys, const std::string& state_path);

}  // namespace ccm::fleet
