// SPDX-License-Identifier: Apache-2.0
// How all hosts of the fleet are (base/fleet_overview.h), as the one that leads puts it together.
// Pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fleet_overview.h"
#include "fleet/hosts/host_book.h"
#include "fleet/hosts/host_report.h"
#include "fleet/hosts/hosts_heard.h"
#include "fleet/store/fleet_keyring.h"

namespace ccm::fleet {

struct OverviewFacts {
  const std::vector<FleetMember>& members;
  const HostReports& reports;
  // What has changed since the host that is the furthest behind wrote its report, or longer ago,
  // but for the last moments. In any order.
  std::vector<KnownCertificate> certificates;
  std::string leader;  // its id
  const HostsHeard& heard;
  Time now;  // by etcd's clock
};
FleetOverview make_overview(OverviewFacts facts);

// Whether two say the same of the hosts, but for when they were heard of.
bool says_the_same(const FleetOverview& one, const FleetOverview& other);

}  // namespace ccm::fleet
