// SPDX-License-Identifier: Apache-2.0
// One kind of values that all hosts of a fleet write about themselves: reports, or their counts of
// versions that are tried out. All values are read once; later changes are heard of
// (hosts_watch.h). Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/hosts/host_report.h"
#include "fleet/store/fleet_entry.h"
#include "store/host/canary_file.h"

namespace ccm::fleet {

template <typename Told>
class HostBook {
 public:
  using Parse = Result<Told> (*)(std::string_view text);
  // `place`: the key below which each host writes, under its id.
  HostBook(std::string place, Parse parse) : place_(std::move(place)), parse_(parse) {}

  // Reads everything and returns etcd's revision. Ignores values that no host has written.
  Result<EtcdRevision> read(EtcdClient& etcd, const FleetKeys& keys) {
    const Result<EtcdPage> page = etcd.read_all(range_of_prefix(place_));
    if (!page) return fail(page.error());
    const std::lock_guard lock(mutex_);
    all_.emplace();
    for (const EtcdItem& item : page->items) take_in(item, keys);
    return page->revision;
  }
  // Takes in what has happened since, in this place or elsewhere.
  void hear(const std::vector<EtcdEvent>& events, const FleetKeys& keys) {
    const std::lock_guard lock(mutex_);
    if (!all_) return;
    for (const EtcdEvent& event : events) {
      if (!event.item.key.starts_with(place_)) continue;
      if (event.is_removed) {
        all_->erase(host_of(event.item));
      } else {
        take_in(event.item, keys);
      }
    }
  }
  // By the host's id. nullopt: nothing was read yet, or it was forgotten.
  std::optional<std::map<std::string, Told>> all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    all_.reset();
  }

 private:
  std::string host_of(const EtcdItem& item) const { return item.key.substr(place_.size()); }
  void take_in(const EtcdItem& item, const FleetKeys& keys) {
    const Result<Secret> text = keys.unseal(item.key, item.value);
    Result<Told> told = text ? parse_(text->reveal()) : Result<Told>(fail(text.error()));
    if (told) all_->insert_or_assign(host_of(item), *std::move(told));
  }

  const std::string place_;
  const Parse parse_;
  mutable std::mutex mutex_;
  std::optional<std::map<std::string, Told>> all_;
};

using HostReports = std::map<std::string, HostReport>;
using ReportBook = HostBook<HostReport>;
using CanariesOfHosts = std::map<std::string, store::HostCanaries>;
using CanaryBook = HostBook<store::HostCanaries>;

}  // namespace ccm::fleet
