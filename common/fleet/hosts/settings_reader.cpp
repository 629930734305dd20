// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/settings_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "crypto/key/sealing.h"

namespace ccm::fleet {
namespace {

// Each value may be as large as etcd allows, and an answer has 16 MiB at most.
constexpr std::size_t kSettingsAtOnce = 8;
// For the id of a host whose name is not known.
constexpr std::size_t kIdDigitsShown = 16;

// Every change of the fleet's key writes the members' entries anew, and etcd accepts settings only
// while the entry is the one that their host knows (report_writer.cpp). So settings under an older
// key are older than the entry, or somebody has put them back. The same holds for an entry under an
// older key, unless its host is about to get the newest one.
Result<void> check_sender(const EtcdItem& settings, const EtcdItem* entry, const FleetKeys& keys) {
  if (keys.entry_modified == 0) return {};
  if (entry == nullptr) return fail(ErrorKind::rejected, "it is no member of the fleet");
  const std::string& newest = keys.keys.front().id;
  const auto is_newest = [&](const std::string& value) {
    return crypto::sealing_key_id(value).value_or("") == newest;
  };
  if (!is_newest(entry->value) || !keys.unseal(entry->key, entry->value)) {
    return fail(ErrorKind::rejected, "it has no entry with the newest key among the members");
  }
  if (!is_newest(settings.value) && settings.modified > entry->modified) {
    return fail(ErrorKind::rejected, "somebody has put older ones back");
  }
  return {};
}

}  // namespace

Result<HostSettings> SettingsReader::open(const EtcdItem& item, const FleetKeys& keys) {
  const Result<Secret> text = keys.unseal(item.key, item.value);
  if (!text) return fail(text.error());
  return parse_settings(*text, configs_);
}

void SettingsReader::tell(const std::string& key, const HostSettings& settings) {
  std::string& problem = problems_[key];
  if (std::exchange(problem, settings.problem) == settings.problem || problem.empty()) return;
  log_.warn(
      "the settings of the host \"{}\" of the fleet do not count ({}), so certificates that only "
      "it names are not looked after",
      settings.host, settings.problem);
}

void SettingsReader::tell_kept(const std::string& key, const std::string& host,
                               const std::string& problem) {
  if (std::exchange(problems_[key], problem) == problem) return;
  log_.warn(
      "what etcd has as the settings of the host \"{}\" of the fleet changes nothing here ({}); "
      "those that it had before count",
      host, problem);
}

void SettingsReader::take_in(const EtcdItem& item, const Entries& members, const FleetKeys& keys,
                             const Believed* before) {
  const std::string id = id_of(item);
  if (id == self_) return;
  const auto entry = members.find(id);
  const Result<void> sender =
      check_sender(item, entry == members.end() ? nullptr : &entry->second, keys);
  Result<HostSettings> settings = sender ? open(item, keys) : fail(sender.error());
  if (!settings && before != nullptr && before->settings.problem.empty()) {
    // A key that this host does not have is one that it is about to get.
    const bool is_of_known_key = keys.knows(crypto::sealing_key_id(item.value).value_or(""));
    if (item.modified != before->modified && is_of_known_key) {
      tell_kept(item.key, before->settings.host, settings.error().message());
    }
    known_.insert_or_assign(item.key, *before);
    return;
  }
  Believed taken{.settings = settings ? *std::move(settings)
                                      : HostSettings{.host = id.substr(0, kIdDigitsShown),
                                                     .problem = settings.error().message()},
                 .modified = item.modified};
  tell(item.key, taken.settings);
  known_.insert_or_assign(item.key, std::move(taken));
}

void SettingsReader::hear_settings(const EtcdItem& item, const FleetKeys& keys) {
  const Result<Entries> entry = read_entries({.key = layout_.member(id_of(item))}, keys);
  if (!entry) {
    known_to_ = 0;
    return;
  }
  const auto known = known_.find(item.key);
  const std::optional<Believed> before =
      known == known_.end() ? std::nullopt : std::optional(known->second);
  take_in(item, *entry, keys, before ? &*before : nullptr);
}

Result<SettingsReader::Entries> SettingsReader::read_entries(const EtcdRange& range,
                                                             const FleetKeys& keys) {
  Entries entries;
  if (keys.entry_modified == 0) return entries;
  Result<EtcdPage> page = etcd_.read_all(range);
  if (!page) return pass(std::move(page));
  for (EtcdItem& item : page->items) {
    std::string id = item.key.substr(layout_.members().size());
    entries.insert_or_assign(std::move(id), std::move(item));
  }
  return entries;
}

void SettingsReader::fill_roster() {
  DistantServers servers;
  for (const auto& [place, known] : known_) {
    const DistantServers& more = known.settings.servers;
    servers.insert(servers.end(), more.begin(), more.end());
  }
  roster_.replace(std::move(servers));
}

Result<void> SettingsReader::look(const FleetKeys& keys) {
  const std::lock_guard lock(mutex_);
  const Result<EtcdPage> page =
      etcd_.read_all(range_of_prefix(layout_.settings()), kSettingsAtOnce);
  if (!page) return fail(page.error());
  // Read after the settings, so that no entry is older than its host's settings.
  const Result<Entries> members = read_entries(range_of_prefix(layout_.members()), keys);
  if (!members) return fail(members.error());
  const Known before = std::exchange(known_, {});
  for (const EtcdItem& item : page->items) {
    const auto known = before.find(item.key);
    const bool is_same = known != before.end() && known->second.modified == item.modified;
    take_in(item, *members, keys, is_same ? &known->second : nullptr);
  }
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
      hear_settings(item, keys);
      // An etcd that does not answer is not asked again for each of the others.
      if (known_to_ == 0) break;
    }
  }
  if (known_to_ != 0) known_to_ = newest;
  if (has_changed) fill_roster();
}

EtcdRevision SettingsReader::known_to(const FleetKeys& keys) const {
  const std::lock_guard lock(mutex_);
  return keys.keys.front().id == sealed_with_ ? known_to_ : 0;
}

}  // namespace ccm::fleet
