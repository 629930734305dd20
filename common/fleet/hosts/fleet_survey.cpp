// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/fleet_survey.h"

#include <utility>

#include "fleet/hosts/host_book.h"
#include "fleet/store/fleet_lease.h"

namespace ccm::fleet {
namespace {

// Values that do not open, or that the fleet has not written, mean nothing for any host.
Result<std::vector<KnownCertificate>> read_certificates(EtcdClient& etcd, const FleetLayout& layout,
                                                        const FleetKeys& keys) {
  const std::string prefix = layout.shelf(Shelf::head);
  const Result<EtcdPage> page = etcd.read_all(range_of_prefix(prefix));
  if (!page) return fail(page.error());
  std::vector<KnownCertificate> certificates;
  for (const EtcdItem& item : page->items) {
    const auto slot = layout.slot_of(item.key);
    const Result<Secret> text = keys.unseal(item.key, item.value);
    const auto head = text ? parse_head(text->reveal()) : Result<Head>(fail(text.error()));
    if (!slot || !head) continue;
    certificates.push_back(
        {.name = slot->name, .current = head->current, .modified = item.modified});
  }
  return certificates;
}

}  // namespace

Result<FleetSurvey> survey_fleet(EtcdClient& etcd, const FleetLayout& layout, const FleetKeys& keys,
                                 const Clock& clock) {
  auto members = FleetKeyring(etcd, layout).members(keys);
  if (!members) return pass(std::move(members));
  const auto leader = etcd.range({.key = layout.leader()});
  if (!leader) return fail(leader.error());
  // The reports come last, because a host can only be behind on what was written to etcd before.
  const auto certificates = read_certificates(etcd, layout, keys);
  if (!certificates) return fail(certificates.error());
  ReportBook reports_book(layout.reports(), &parse_report);
  if (const auto read = reports_book.read(etcd, keys); !read) return fail(read.error());
  HostReports reports = reports_book.all().value();
  CanaryBook canary_book(layout.canaries(), &store::parse_host_canaries);
  if (const auto read = canary_book.read(etcd, keys); !read) return fail(read.error());
  CanariesOfHosts canaries = canary_book.all().value();
  const std::string leads =
      leader->items.empty() ? std::string() : parse_leader(leader->items.front().value).id;
  FleetSurvey survey{.hosts = {}, .has_leader = !leader->items.empty()};
  for (FleetMember& member : *members) {
    SurveyedHost host{.member = std::move(member)};
    host.leads = !leads.empty() && host.member.id == leads;
    host.has_newest_key = host.member.sealed_with == keys.keys.front().id;
    if (const auto report = reports.find(host.member.id); report != reports.end()) {
      host.age = age_of(report->second, clock.now(), etcd.clock_ahead());
      host.behind = behind_on(report->second, *certificates);
      host.report = std::move(report->second);
    }
    if (const auto told = canaries.find(host.member.id); told != canaries.end()) {
      host.canaries = std::move(told->second.counted);
    }
    survey.hosts.push_back(std::move(host));
  }
  return survey;
}

}  // namespace ccm::fleet
