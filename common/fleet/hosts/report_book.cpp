// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/report_book.h"

#include <utility>

namespace ccm::fleet {

void ReportBook::take_in(const EtcdItem& item, const FleetKeys& keys) {
  const Result<Secret> text = keys.unseal(item.key, item.value);
  auto report = text ? parse_report(text->reveal()) : Result<HostReport>(fail(text.error()));
  if (!report) return;
  reports_->insert_or_assign(item.key.substr(layout_.reports().size()), *std::move(report));
}

Result<EtcdRevision> ReportBook::read(EtcdClient& etcd, const FleetKeys& keys) {
  const Result<EtcdPage> page = etcd.read_all(range_of_prefix(layout_.reports()));
  if (!page) return fail(page.error());
  const std::lock_guard lock(mutex_);
  reports_.emplace();
  for (const EtcdItem& item : page->items) take_in(item, keys);
  return page->revision;
}

void ReportBook::hear(const std::vector<EtcdEvent>& events, const FleetKeys& keys) {
  const std::string prefix = layout_.reports();
  const std::lock_guard lock(mutex_);
  if (!reports_) return;
  for (const EtcdEvent& event : events) {
    if (!event.item.key.starts_with(prefix)) continue;
    if (event.is_removed) {
      reports_->erase(event.item.key.substr(prefix.size()));
    } else {
      take_in(event.item, keys);
    }
  }
}

}  // namespace ccm::fleet
