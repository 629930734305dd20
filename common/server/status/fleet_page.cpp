// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "server/status/fleet_parts.h"
#include "server/status/page_rows.h"

namespace ccm::server {
namespace {

using Host = FleetOverview::Host;

std::string state_of(const Host& host) {
  if (host.is_silent) return word_element(Health::bad, "not heard of");
  if (host.behind > 0) return word_element(Health::warning, "behind");
  if (host.has_wrong_clock()) return word_element(Health::warning, "wrong clock");
  return word_element(Health::good, host.leads ? "leads" : "in order");
}

std::string behind_on(const Host& host) {
  std::string text = html(join(host.behind_on, ", "));
  const std::size_t shown = host.behind_on.size();
  if (host.behind > shown) text += fmt::format(" and {} more", host.behind - shown);
  return text;
}

std::string clock_of(const Host& host) {
  if (!host.clock_ahead) return "not known";
  if (!host.has_wrong_clock()) return "right";
  return fmt::format("{} {}", format_duration(std::chrono::abs(*host.clock_ahead)),
                     *host.clock_ahead > Seconds(0) ? "ahead" : "behind");
}

std::string row_of(const Host& host, Time now) {
  return fmt::format(
      R"(<tr><th scope="row">{}</th><td data-head="State">{}</td><td data-head="Heard of">{}</td>)"
      R"(<td data-head="Behind on">{}</td><td data-head="Clock">{}</td><td data-head="Agent">{}</td></tr>)",
      html(host.name), state_of(host), time_element(host.seen, now), behind_on(host),
      clock_of(host), html(host.agent));
}

std::string leader_element(const StatusReport& report) {
  const publication::FleetStatus& fleet = report.agent->fleet;
  if (report.has_lost_fleet()) return word_element(Health::warning, "not followed");
  if (fleet.leads) return word_element(Health::good, "this host leads it");
  if (fleet.leader.empty()) return word_element(Health::warning, "no host leads it");
  return word_element(Health::good, fleet.leader + " leads it");
}

}  // namespace

std::vector<std::string> fleet_alarms(const StatusReport& report) {
  std::vector<std::string> all;
  if (!report.agent || report.agent->fleet.name.empty()) return all;
  const publication::FleetStatus& fleet = report.agent->fleet;
  if (report.has_lost_fleet()) {
    all.push_back(fleet.problem.empty()
                      ? fmt::format("This host does not follow the fleet \"{}\" yet.", fleet.name)
                      : fmt::format("This host has not followed the fleet \"{}\" since {}, so "
                                    "nothing new comes from it: {}",
                                    fleet.name, format_time(fleet.since), fleet.problem));
  }
  if (report.has_no_leader()) {
    all.push_back(fmt::format("No host leads the fleet \"{}\": nothing is renewed.", fleet.name));
  }
  if (!report.fleet_hosts) return all;
  const publication::FleetHostsStatus& hosts = *report.fleet_hosts;
  for (const std::string& flaw : hosts.flaws) all.push_back(flaw + ".");
  if (hosts.flaw_count > hosts.flaws.size()) {
    all.push_back(
        fmt::format("{} more is wrong with this host's copy of the fleet; `ccmctl "
                    "doctor` says it.",
                    hosts.flaw_count - hosts.flaws.size()));
  }
  return all;
}

std::string fleet_rows(const StatusReport& report) {
  const publication::FleetStatus& fleet = report.agent->fleet;
  if (fleet.name.empty()) return "";
  std::string rows =
      fmt::format("<dt>Fleet</dt><dd>{}: {}</dd>", html(fleet.name), leader_element(report));
  if (const FleetOverview* overview = report.fleet_overview()) {
    const bool is_old = report.now - overview->at > FleetOverview::kSilence;
    rows += fmt::format(
        "<dt>Its hosts</dt><dd>{}, {} not heard of, {} behind, {} with a wrong "
        "clock{}</dd>",
        overview->hosts, overview->silent, overview->behind, overview->wrong_clocks,
        is_old ? " " + word_element(Health::warning, "out of date") : "");
  }
  return rows;
}

std::string fleet_table(const StatusReport& report) {
  const FleetOverview* overview = report.fleet_overview();
  if (overview == nullptr) return "";
  std::string rows;
  for (const Host& host : overview->shown) rows += row_of(host, report.now);
  return fmt::format(
      R"(<h2>Hosts of the fleet</h2>
<table class="list"><caption>{} of {} hosts, the worst first, as they were {}</caption>
<thead><tr><th scope="col">Host</th><th scope="col">State</th><th scope="col">Heard of</th><th scope="col">Behind on</th><th scope="col">Clock</th><th scope="col">Agent</th></tr></thead>
<tbody>{}</tbody></table>
)",
      overview->shown.size(), overview->hosts, away(overview->at, report.now), rows);
}

}  // namespace ccm::server
