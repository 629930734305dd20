// SPDX-License-Identifier: Apache-2.0
// The fleet in the status of a host: parts of the page and of the metrics; empty for a host without
// a fleet. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "server/status/metrics_text.h"
#include "server/status/status_report.h"

namespace ccm::server {

void add_fleet_metrics(Metrics& out, const StatusReport& report);

// What is wrong with this host in its fleet, in sentences that are not yet escaped for HTML.
std::vector<std::string> fleet_alarms(const StatusReport& report);
// Rows of a card, and a table of the hosts.
std::string fleet_rows(const StatusReport& report);
std::string fleet_table(const StatusReport& report);

}  // namespace ccm::server
