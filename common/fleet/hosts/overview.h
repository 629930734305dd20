// SPDX-License-Identifier: Apache-2.0
// The leading host puts together here how all hosts of the fleet are (base/fleet_overview.h). Pure
// functions.
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
  // Certificates that have changed since the host that is the furthest behind wrote its report, or
  // earlier, except in the last moments. In any order.
  std::vector<KnownCertificate> certificates;
  std::string leader;  // its id
  const HostsHeard& heard;
  Time now;  // by etcd's clock
};
FleetOverview make_overview(OverviewFacts facts);

// Whether two overviews say the same about the hosts, apart from when they were heard of.
bool says_the_same(const FleetOverview& one, const FleetOverview& other);

}  // namespace ccm::fleet
