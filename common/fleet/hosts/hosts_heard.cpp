// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/hosts_heard.h"

#include <algorithm>
#include <utility>

namespace ccm::fleet {
namespace {

// The longest time between two of this host's own reports, which come every minute. Half the limit,
// so that something that keeps all reports away is noticed before another host seems lost.
constexpr Seconds kLongestGap = FleetOverview::kSilence / 2;

Time written_at(const HostReport& report, Time now) {
  return std::min(report.written - report.ahead.value_or(Seconds(0)), now);
}

}  // namespace

void HostsHeard::begin(const std::optional<FleetOverview>& before, Time now) {
  hosts_.clear();
  listens_since_ = now;
  if (!before) return;
  for (const FleetOverview::Host& host : before->shown) {
    if (host.seen == Time{}) continue;
    hosts_[host.name] = {.last = host.seen, .is_lost = host.is_silent};
  }
}

// Whether this host would have heard of any host that has reported within the limit.
bool HostsHeard::has_listened(const Facts& facts) {
  const auto own = facts.reports.find(facts.self);
  const bool is_heard =
      own != facts.reports.end() && facts.now - written_at(own->second, facts.now) <= kLongestGap;
  // The clock may have been set back.
  listens_since_ = is_heard ? std::min(listens_since_, facts.now) : facts.now;
  return facts.now - listens_since_ >= FleetOverview::kSilence;
}

HostsHeard::News HostsHeard::look(const Facts& facts) {
  const bool may_be_lost = has_listened(facts);
  News news;
  const std::map<std::string, Host> before = std::exchange(hosts_, {});
  for (const FleetMember& member : facts.members) {
    const auto known = before.find(member.name);
    const auto report = facts.reports.find(member.id);
    if (known == before.end() && report == facts.reports.end()) continue;
    Host host = known != before.end() ? known->second : Host();
    // A report that somebody has removed or put back does not change when the host was heard of.
    if (report != facts.reports.end()) {
      host.last = std::max(host.last, written_at(report->second, facts.now));
    }
    host.last = std::min(host.last, facts.now);
    const bool was_lost = host.is_lost;
    const bool is_quiet = facts.now - host.last > FleetOverview::kSilence;
    host.is_lost = is_quiet && (was_lost || may_be_lost);
    if (host.is_lost && !was_lost) news.lost.push_back(member.name);
    if (was_lost && !host.is_lost) news.returned.push_back(member.name);
    hosts_[member.name] = host;
  }
  return news;
}

std::optional<Time> HostsHeard::last(const std::string& name) const {
  const auto known = hosts_.find(name);
  return known == hosts_.end() ? std::nullopt : std::optional(known->second.last);
}

bool HostsHeard::is_silent(const std::string& name) const {
  const auto known = hosts_.find(name);
  return known == hosts_.end() || known->second.is_lost;
}

}  // namespace ccm::fleet
