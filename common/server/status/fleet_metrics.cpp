// SPDX-License-Identifier: Apache-2.0
#include "server/status/fleet_parts.h"
#include "server/status/metrics_text.h"

namespace ccm::server {
namespace {

// All hosts of a fleet give the same numbers; the leader is the first to have them.
void add_fleet_hosts(Metrics& out, const StatusReport& report) {
  if (!report.fleet_hosts) return;
  const std::string fleet = label("fleet", report.agent->fleet.name);
  out.family(
      "ccm_fleet_flaws", "gauge",
      "What is wrong as this host sees it: certificates that it cannot take in, its clock, a full "
      "etcd.");
  out.sample(report.fleet_hosts->flaw_count, fleet);
  const FleetOverview* overview = report.fleet_overview();
  if (overview == nullptr) return;
  out.family("ccm_fleet_overview_timestamp_seconds", "gauge",
             "When the host that leads counted the hosts of the fleet, by etcd's clock.");
  out.sample(seconds(overview->at), fleet);
  out.family("ccm_fleet_hosts", "gauge", "Hosts of the fleet.");
  out.sample(overview->hosts, fleet);
  out.family("ccm_fleet_hosts_silent", "gauge", "Hosts of the fleet that are not heard of.");
  out.sample(overview->silent, fleet);
  out.family("ccm_fleet_hosts_behind", "gauge",
             "Hosts of the fleet that are heard of and lack a certificate's newest version.");
  out.sample(overview->behind, fleet);
  out.family("ccm_fleet_hosts_wrong_clock", "gauge",
             "Hosts of the fleet that are heard of and whose clock differs from etcd's.");
  out.sample(overview->wrong_clocks, fleet);
}

}  // namespace

void add_fleet_metrics(Metrics& out, const StatusReport& report) {
  if (!report.agent || report.agent->fleet.name.empty()) return;
  const publication::FleetStatus& fleet = report.agent->fleet;
  out.family("ccm_fleet_connected", "gauge",
             "1 when this host has all that its fleet has; without it, nothing new comes.");
  out.sample(fleet.is_connected ? 1 : 0, label("fleet", fleet.name));
  out.family("ccm_fleet_leads", "gauge", "1 when this host leads its fleet.");
  out.sample(fleet.leads ? 1 : 0, label("fleet", fleet.name));
  out.family("ccm_fleet_has_leader", "gauge",
             "1 when this host knows of a host that leads; without one, nothing is renewed.");
  out.sample(fleet.leader.empty() ? 0 : 1, label("fleet", fleet.name));
  add_fleet_hosts(out, report);
  if (fleet.since == Time{}) return;
  out.family("ccm_fleet_connection_change_timestamp_seconds", "gauge",
             "When this host began to follow its fleet, or ceased to.");
  out.sample(seconds(fleet.since), label("fleet", fleet.name));
}

}  // namespace ccm::server
