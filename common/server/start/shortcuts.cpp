// SPDX-License-Identifier: Apache-2.0
#include "server/start/shortcuts.h"

#include <utility>

#include "crypto/certificate/names.h"
#include "crypto/verification/serving_rules.h"
#include "store/host/snapshot_file.h"

namespace ccm::server {

using config::CertificateSpec;
using publication::SnapshotEntry;

Shortcuts::Shortcuts(const store::StoreReader& store, const std::string& state_path, Time now)
    : store_(store), now_(now) {
  Result<Secret> content = store::read_snapshot(state_path);
  if (content) snapshot_ = publication::Snapshot::parse(*std::move(content));
}

const SnapshotEntry* Shortcuts::find(const CertificateSpec& spec) const {
  const SnapshotEntry* entry = snapshot_.find(spec.name);
  if (entry == nullptr || !is_usable(*entry)) return nullptr;
  if (!crypto::first_uncovered(entry->names, spec.names).empty()) return nullptr;
  return is_current(spec, *entry) ? entry : nullptr;
}

std::optional<Shortcuts::Copy> Shortcuts::copy_of(const CertificateSpec& spec) const {
  const SnapshotEntry* entry = snapshot_.find(spec.name);
  if (entry == nullptr || entry->version == 0 || !is_in_force(*entry)) return std::nullopt;
  auto published = publication::decode(entry->value);
  if (!published || published->is_placeholder) return std::nullopt;
  const crypto::Bundle& bundle = published->bundle;
  if (!crypto::check_serving({.names = spec.names, .now = now_}, bundle,
                             crypto::path_of(bundle, now_))) {
    return std::nullopt;
  }
  if (!spec.stapling || entry->response_end <= now_) published->ocsp_response.clear();
  return Copy{.version = entry->version,
              .published = *std::move(published),
              .is_put_back = !entry->origin.empty()};
}

bool Shortcuts::knows(std::string_view name) const {
  return snapshot_.find(name) != nullptr;
}

const SnapshotEntry* Shortcuts::copy_for_catalogue(const std::string& name) const {
  const SnapshotEntry* entry = snapshot_.find(name);
  return entry != nullptr && is_usable(*entry) ? entry : nullptr;
}

std::optional<store::Revision> Shortcuts::revision() const {
  const auto& moment = snapshot_.moment();
  if (!moment) return std::nullopt;
  return store::Revision{.life = moment->life, .number = moment->number};
}

std::vector<const SnapshotEntry*> Shortcuts::in_force() const {
  std::vector<const SnapshotEntry*> entries;
  for (const auto& [name, kept] : snapshot_.entries()) {
    if (is_usable(kept.entry)) entries.push_back(&kept.entry);
  }
  return entries;
}

bool Shortcuts::is_usable(const SnapshotEntry& entry) const noexcept {
  return is_in_force(entry) && entry.response_end > now_ && entry.rules >= crypto::kServingRules;
}

bool Shortcuts::is_in_force(const SnapshotEntry& entry) const noexcept {
  return entry.begin <= now_ && entry.end > now_;
}

// With stapling switched off nothing may be stapled, and the entry may have been made with it on.
bool Shortcuts::is_current(const CertificateSpec& spec, const SnapshotEntry& entry) const {
  if (entry.version == 0 || store_.current_version(spec.name) != entry.version ||
      store_.version_stamp(spec.name) != entry.stamp) {
    return false;
  }
  if (!spec.stapling) return entry.response_end == Time::max();
  return store_.response_stamp(spec.name) == entry.response;
}

}  // namespace ccm::server
