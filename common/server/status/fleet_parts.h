// SPDX-License-Identifier: Apache-2.0
// What the status says of the fleet that this host is in: parts of the page and of the metrics.
// Nothing for a host that is in none. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "server/status/metrics_text.h"
#include "server/status/status_report.h"

namespace ccm::server {

void add_fleet_metrics(Metrics& out, const StatusReport& report);

// What is wrong with this host in its fleet, in sentences that are not HTML yet.
std::vector<std::string> fleet_alarms(const StatusReport& report);
// Rows of a card, and a table of the hosts.
std::string fleet_rows(const StatusReport& report);
std::string fleet_table(const StatusReport& report);

}  // namespace ccm::server
