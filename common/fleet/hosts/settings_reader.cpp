// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/settings_reader.h"

#include <algorithm>
#include <utility>

namespace ccm::fleet {
namespace {

// Of values that may each be as large as etcd takes, in an answer of 16 MiB at most.
constexpr std::size_t kSettingsAtOnce = 8;

}  // namespace

Result<EtcdPage> SettingsReader::read(EtcdRevision written_since) {
  EtcdRange range = range_of_prefix(layout_.settings());
  range.written_since = written_since;
  return etcd_.read_all(range, kSettingsAtOnce);
}

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

Result<void> SettingsReader::look(const FleetKeys& keys) {
  const std::lock_guard lock(mutex_);
  const std::string& key = keys.keys.front().id;
  bool reads_all = known_to_ == 0 || key != sealed_with_;
  Result<EtcdPage> page = read(reads_all ? 0 : known_to_ + 1);
  if (page && !reads_all) {
    const auto fresh =
        std::count_if(page->items.begin(), page->items.end(),
                      [&](const EtcdItem& item) { return !known_.contains(item.key); });
    // Otherwise some have gone, or etcd has gone back to a backup.
    reads_all = page->revision < known_to_ ||
                known_.size() + static_cast<std::size_t>(fresh) != page->total;
    if (reads_all) page = read(0);
  }
  if (!page) return fail(page.error());
  if (reads_all) known_.clear();
  for (const EtcdItem& item : page->items) {
    HostSettings settings = open(item, keys);
    tell(item.key, settings);
    known_.insert_or_assign(item.key, std::move(settings));
  }
  std::erase_if(problems_, [&](const auto& each) { return !known_.contains(each.first); });
  known_to_ = page->revision;
  sealed_with_ = key;
  if (!reads_all && page->items.empty()) return {};
  DistantServers servers;
  for (const auto& [place, settings] : known_) {
    servers.insert(servers.end(), settings.servers.begin(), settings.servers.end());
  }
  roster_.replace(std::move(servers));
  return {};
}

}  // namespace ccm::fleet
