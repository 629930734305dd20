// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/overview.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace ccm::fleet {
namespace {

using Host = FleetOverview::Host;

// `newest_first`: ordered by revision.
void add_behind(Host& host, const HostReport& report,
                const std::vector<KnownCertificate>& newest_first) {
  const auto end = std::partition_point(
      newest_first.begin(), newest_first.end(),
      [&](const KnownCertificate& each) { return each.modified > report.followed; });
  std::size_t count = static_cast<std::size_t>(end - newest_first.begin());
  const auto name = [&](const std::string& certificate) {
    if (host.behind_on.size() < FleetOverview::kMostBehindOn) host.behind_on.push_back(certificate);
  };
  for (auto at = newest_first.begin(); at != end; ++at) {
    if (host.behind_on.size() == FleetOverview::kMostBehindOn) break;
    name(at->name);
  }
  for (const auto& failed : report.failed) {
    const std::string& certificate = failed.first;
    const bool is_counted =
        std::any_of(newest_first.begin(), end,
                    [&](const KnownCertificate& each) { return each.name == certificate; });
    if (is_counted) continue;
    ++count;
    name(certificate);
  }
  host.behind = static_cast<std::uint32_t>(count);
}

Host host_of(const FleetMember& member, const OverviewFacts& facts) {
  Host host{.name = member.name, .leads = member.id == facts.leader};
  host.seen = facts.heard.last(member.name).value_or(Time{});
  host.is_silent = facts.heard.is_silent(member.name);
  const auto found = facts.reports.find(member.id);
  if (found == facts.reports.end()) return host;
  const HostReport& report = found->second;
  host.agent = report.agent;
  host.clock_ahead = report.ahead;
  add_behind(host, report, facts.certificates);
  return host;
}

// The worst first; equal ones by name.
auto rank(const Host& host) {
  return std::tuple(host.is_in_order(), !host.is_silent, -static_cast<std::int64_t>(host.behind),
                    !host.leads, std::string_view(host.name));
}

}  // namespace

FleetOverview make_overview(OverviewFacts facts) {
  std::sort(facts.certificates.begin(), facts.certificates.end(),
            [](const auto& one, const auto& other) { return one.modified > other.modified; });
  FleetOverview overview{.at = facts.now,
                         .hosts = static_cast<std::uint32_t>(facts.members.size())};
  for (const FleetMember& member : facts.members) {
    Host host = host_of(member, facts);
    if (host.is_silent) ++overview.silent;
    // A silent host is behind on something in any case.
    if (!host.is_silent && host.behind > 0) ++overview.behind;
    if (!host.is_silent && host.has_wrong_clock()) ++overview.wrong_clocks;
    overview.shown.push_back(std::move(host));
  }
  const std::size_t count = std::min(overview.shown.size(), FleetOverview::kMostShown);
  const auto middle = overview.shown.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(overview.shown.begin(), middle, overview.shown.end(),
                    [](const Host& one, const Host& other) { return rank(one) < rank(other); });
  overview.shown.resize(count);
  return overview;
}

bool says_the_same(const FleetOverview& one, const FleetOverview& other) {
  const auto counts = [](const FleetOverview& each) {
    return std::tuple(each.hosts, each.silent, each.behind, each.wrong_clocks);
  };
  // The difference to a correct clock may vary by a second between two reports.
  const auto alike = [](Host a, Host b) {
    a.seen = b.seen = Time{};
    if (!a.has_wrong_clock() && !b.has_wrong_clock()) a.clock_ahead = b.clock_ahead = std::nullopt;
    return a == b;
  };
  return counts(one) == counts(other) && std::equal(one.shown.begin(), one.shown.end(),
                                                    other.shown.begin(), other.shown.end(), alike);
}

}  // namespace ccm::fleet
