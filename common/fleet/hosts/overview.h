// SPDX-License-Identifier: Apache-2.0
// How all hosts of the fleet are (base/fleet_overview.h), as the one that leads puts it together.
// Pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fleet_overview.h"
#include "fleet/hosts/host_book.h"
#include "fleet/hosts/host_report.h"
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

}  // namespace ccm::fleet
