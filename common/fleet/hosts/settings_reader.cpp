// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/settings_reader.h"

#include <algorithm>
#include <utility>

namespace ccm::fleet {
namespace {

// Of values that may each be as large as etcd takes, in an answer of 16 MiB at most.
constexpr std::size_t kSettingsAtOnce = 8;

}  // namespace

HostSettings SettingsReader::open(const EtcdItem& item, const FleetKeys& keys) {
  const std::string id = item.key.substr(layout_.settings().size());
  if (id == self_) return {};
  Result<Secret> text = keys.unseal(item.key, item.value);
  Result<HostSettings> settings =
      text ? parse_settings(*text, configs_) : Result<HostSettings>(fail(text.error()));
  if (settings) return *std::move(settings);
  return {.host = id.substr(0, 16), .problem = settings.error().message()};
}

void SettingsReader::tell(const std::string& key, const HostSettings& settings) {
  std::string& problem = problems_[key];
  if (std::exchange(problem, settings.problem) == settings.problem || problem.empty()) return;
  log_.warn(
      "the settings of the host \"{}\" of the fleet cannot be read ({}), so certificates that only "
      "it names are not looked after",
      settings.host, settings.problem);
}

void SettingsReader::take_in(const EtcdItem& item, const FleetKeys& keys) {
  HostSettings settings = open(item, keys);
  tell(item.key, settings);
  known_.insert_or_assign(item.key, std::move(settings));
}

void SettingsReader::fill_roster() {
  DistantServers servers;
  for (const auto& [place, settings] : known_) {
    servers.insert(servers.end(), settings.servers.begin(), settings.servers.end());
  }
  roster_.replace(std::move(servers));
}

Result<void> SettingsReader::look(const FleetKeys& keys) {
  const std::lock_guard lock(mutex_);
  const Result<EtcdPage> page =
      etcd_.read_all(range_of_prefix(layout_.settings()), kSettingsAtOnce);
  if (!page) return fail(page.error());
  known_.clear();
  for (const EtcdItem& item : page->items) take_in(item, keys);
  std::erase_if(problems_, [&](const auto& each) { return !known_.contains(each.first); });
  known_to_ = page->revision;
  sealed_with_ = keys.keys.front().id;
  fill_roster();
  return {};
}

void SettingsReader::hear(const std::vector<EtcdEvent>& events, const FleetKeys& keys) {
  const std::lock_guard lock(mutex_);
  EtcdRevision newest = known_to_;
  bool has_changed = false;
  for (const EtcdEvent& event : events) {
    const EtcdItem& item = event.item;
    newest = std::max(newest, item.modified);
    if (item.modified <= known_to_ || !item.key.starts_with(layout_.settings())) continue;
    has_changed = true;
    if (event.is_removed) {
      known_.erase(item.key);
      problems_.erase(item.key);
    } else {
      take_in(item, keys);
    }
  }
  known_to_ = newest;
  if (has_changed) fill_roster();
}

EtcdRevision SettingsReader::known_to(const FleetKeys& keys) const {
  const std::lock_guard lock(mutex_);
  return keys.keys.front().id == sealed_with_ ? known_to_ : 0;
}

}  // namespace ccm::fleet
