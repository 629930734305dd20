// SPDX-License-Identifier: Apache-2.0
#include "support/memory_store.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "store/forgetting.h"

namespace ccm::test {

using store::Installation;
using store::Lease;
using store::StoredCertificate;
using store::StoredRecord;
using store::VersionInfo;
using store::VersionNumber;
using Loaded = store::StoreReader::Loaded;

class MemoryStore::MemoryLease final : public Lease {
 public:
  MemoryLease(std::shared_ptr<Leadership> leadership, std::uint64_t token)
      : leadership_(std::move(leadership)), token_(token) {}
  ~MemoryLease() override {
    const std::lock_guard lock(leadership_->mutex);
    leadership_->is_taken = false;
  }
  std::uint64_t fencing_token() const noexcept override { return token_; }

 private:
  std::shared_ptr<Leadership> leadership_;
  std::uint64_t token_;
};

void MemoryStore::fail_writes(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  write_error_ = std::move(error);
}

void MemoryStore::add_operator_key(crypto::KeyPair key) {
  const std::lock_guard lock(mutex_);
  operator_keys_.push_back(std::move(key));
}

void MemoryStore::damage(const std::string& name, VersionNumber version) {
  const std::lock_guard lock(mutex_);
  entries_.at(name).versions.at(version).is_damaged = true;
}

Loaded MemoryStore::load_locked(const std::string& name) const {
  Loaded loaded;
  const auto found = entries_.find(name);
  if (found == entries_.end()) return loaded;
  const auto& versions = found->second.versions;
  auto next = versions.upper_bound(found->second.current);
  while (next != versions.begin()) {
    --next;
    if (!next->second.is_damaged) {
      loaded.certificate = next->second.certificate;
      return loaded;
    }
    if (!loaded.damage) {
      loaded.damage = Error(ErrorKind::invalid, "version " + std::to_string(next->first) +
                                                    ": fullchain.pem was altered");
    }
  }
  return loaded;
}

Result<Loaded> MemoryStore::load(const std::string& name) const {
  ++reads_;
  const std::lock_guard lock(mutex_);
  return load_locked(name);
}

Result<std::vector<VersionInfo>> MemoryStore::history(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  std::vector<VersionInfo> infos;
  const auto found = entries_.find(name);
  if (found == entries_.end()) return infos;
  const auto& versions = found->second.versions;
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    if (!version->second.is_damaged) infos.push_back(version->second.certificate.info);
  }
  return infos;
}

Result<StoredCertificate> MemoryStore::load_version(const std::string& name,
                                                    VersionNumber version) const {
  ++reads_;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end() || !found->second.versions.contains(version) ||
      found->second.versions.at(version).is_damaged) {
    return fail(ErrorKind::rejected, "there is no intact version " + std::to_string(version));
  }
  return found->second.versions.at(version).certificate;
}

VersionNumber MemoryStore::current_version(const std::string& name) const noexcept {
  ++reads_;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? 0 : found->second.current;
}

// Comparing stamps is no reading.
std::uint64_t MemoryStore::version_stamp(const std::string& name) const noexcept {
  constexpr std::uint64_t kDamaged = std::uint64_t{1} << 63U;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return 0;
  const auto current = found->second.versions.find(found->second.current);
  const bool is_damaged = current != found->second.versions.end() && current->second.is_damaged;
  return found->second.current | (is_damaged ? kDamaged : 0);
}

Result<void> MemoryStore::check_write(const Lease& lease) const {
  const std::lock_guard lock(leadership_->mutex);
  if (lease.fencing_token() != leadership_->token) {
    return fail(ErrorKind::transient, "another process leads the store by now");
  }
  if (write_error_) return fail(*write_error_);
  return {};
}

Result<VersionInfo> MemoryStore::install(const Lease& lease, const policy::Admission& admission,
                                         const Installation& installation) {
  if (!admission.is_for(installation.bundle.leaf())) return store::refuse_admission(admission);
  const std::string& name = admission.name();
  const std::lock_guard lock(mutex_);
  if (Result<void> allowed = check_write(lease); !allowed) return pass(std::move(allowed));
  const Loaded loaded = load_locked(name);
  const VersionNumber effective = loaded.certificate ? loaded.certificate->info.number : 0;
  Entry& entry = entries_[name];
  if (installation.expected != entry.current && installation.expected != effective) {
    return fail(ErrorKind::transient, "the installed version changed in the meantime");
  }
  const crypto::Certificate& leaf = installation.bundle.leaf();
  VersionInfo info{.number = entry.versions.empty() ? 1 : entry.versions.rbegin()->first + 1,
                   .installed_at = installation.now,
                   .not_before = leaf.not_before(),
                   .not_after = leaf.not_after(),
                   .fingerprint = leaf.fingerprint(),
                   .serial = leaf.serial(),
                   .origin = installation.origin};
  const auto& response = installation.ocsp_response;
  entry.versions.emplace(info.number,
                         Version{.certificate = StoredCertificate{
                                     .bundle = installation.bundle,
                                     .info = info,
                                     .ocsp_response = {response.begin(), response.end()}}});
  if (installation.waits) return info;
  entry.current = info.number;
  note_change(name);
  remove_superseded(name, entry, installation.keep);
  return info;
}

void MemoryStore::remove_superseded(const std::string& name, Entry& entry, unsigned keep) {
  std::size_t kept = 0;
  for (auto version = entry.versions.end(); version != entry.versions.begin();) {
    --version;
    const bool is_needed = version->first == entry.current || is_staged(name, version->first);
    if (is_needed || kept++ < keep) continue;
    version = entry.versions.erase(version);
  }
}

// As store/staging.h writes it down.
bool MemoryStore::is_staged(const std::string& name, VersionNumber version) const {
  const auto record = records_.find({name, "staged"});
  return record != records_.end() &&
         record->second.value.reveal() == "version: " + std::to_string(version) + "\n";
}

Result<void> MemoryStore::prune(const Lease& lease, const std::string& name, unsigned keep) {
  const std::lock_guard lock(mutex_);
  if (Result<void> allowed = check_write(lease); !allowed) return allowed;
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  const auto current = found->second.versions.find(found->second.current);
  const bool is_intact = current != found->second.versions.end() && !current->second.is_damaged;
  if (is_intact) remove_superseded(name, found->second, keep);
  return {};
}

Result<void> MemoryStore::restore(const Lease& lease, const policy::Admission& admission,
                                  VersionNumber version) {
  const std::string& name = admission.name();
  const std::lock_guard lock(mutex_);
  if (Result<void> allowed = check_write(lease); !allowed) return allowed;
  const auto found = entries_.find(name);
  if (found == entries_.end() || !found->second.versions.contains(version) ||
      found->second.versions.at(version).is_damaged) {
    return fail(ErrorKind::rejected, "there is no intact version " + std::to_string(version));
  }
  const auto& bundle = found->second.versions.at(version).certificate.bundle;
  if (!admission.is_for(bundle.leaf())) return store::refuse_admission(admission);
  found->second.current = version;
  note_change(name);
  return {};
}

Result<void> MemoryStore::keep_response(const Lease& lease, const std::string& name,
                                        VersionNumber version, std::span<const std::byte> der) {
  const std::lock_guard lock(mutex_);
  if (Result<void> allowed = check_write(lease); !allowed) return allowed;
  const auto found = entries_.find(name);
  if (found == entries_.end() || !found->second.versions.contains(version)) {
    return fail(ErrorKind::rejected, "there is no version " + std::to_string(version));
  }
  Version& kept = found->second.versions.at(version);
  kept.certificate.ocsp_response.assign(der.begin(), der.end());
  kept.response_stamp = der.empty() ? 0 : changes_.size() + 1;
  note_change(name);
  return {};
}

Result<std::optional<StoredRecord>> MemoryStore::read_record(std::string_view name,
                                                             std::string_view kind) const {
  ++reads_;
  const std::lock_guard lock(mutex_);
  if (damaged_records_.contains({std::string(name), std::string(kind)})) {
    return fail(ErrorKind::invalid, "the record was altered");
  }
  std::optional<StoredRecord> record;
  const auto found = records_.find({std::string(name), std::string(kind)});
  if (found != records_.end()) {
    record = StoredRecord{.value = found->second.value.clone(), .version = found->second.version};
  }
  return record;
}

Result<std::uint64_t> MemoryStore::write_record(const Lease& lease, std::string_view name,
                                                std::string_view kind, const Secret& value,
                                                std::uint64_t expected) {
  const std::lock_guard lock(mutex_);
  if (Result<void> allowed = check_write(lease); !allowed) return pass(std::move(allowed));
  const std::pair key{std::string(name), std::string(kind)};
  const auto found = records_.find(key);
  const bool is_whole = found != records_.end() && !damaged_records_.contains(key);
  if (expected != (is_whole ? found->second.version : 0)) {
    return fail(ErrorKind::transient, "the record changed in the meantime");
  }
  records_[key] = StoredRecord{.value = value.clone(), .version = expected + 1};
  damaged_records_.erase(key);
  if (name != store::kStoreWide) note_change(std::string(name));
  return expected + 1;
}

Result<void> MemoryStore::remove_record(const Lease& lease, std::string_view name,
                                        std::string_view kind) {
  const std::lock_guard lock(mutex_);
  if (Result<void> allowed = check_write(lease); !allowed) return allowed;
  const bool was_there = records_.erase({std::string(name), std::string(kind)}) != 0;
  if (was_there && name != store::kStoreWide) note_change(std::string(name));
  return {};
}

Result<void> MemoryStore::forget(const Lease& lease, const std::string& name, store::Keep keep) {
  const std::lock_guard lock(mutex_);
  if (Result<void> allowed = check_write(lease); !allowed) return allowed;
  const auto removed =
      std::erase_if(records_, [&](const auto& record) { return record.first.first == name; });
  if (removed == 0 && !entries_.contains(name)) {
    return fail(ErrorKind::rejected, "there is no certificate " + name);
  }
  if (keep == store::Keep::nothing) {
    entries_.erase(name);
  } else {
    records_[{name, std::string(store::kForgotten)}] = StoredRecord{.value = {}, .version = 1};
  }
  inbox_.drop_granted(name);
  note_change(name);
  return {};
}

Result<std::vector<crypto::KeyPair>> MemoryStore::operator_keys() const {
  const std::lock_guard lock(mutex_);
  return operator_keys_;
}

Result<std::unique_ptr<Lease>> MemoryStore::try_lead() {
  const std::lock_guard lock(leadership_->mutex);
  if (leadership_->is_taken) return std::unique_ptr<Lease>();
  leadership_->is_taken = true;
  return std::unique_ptr<Lease>(std::make_unique<MemoryLease>(leadership_, ++leadership_->token));
}

void MemoryStore::add_stray(std::string place) {
  const std::lock_guard lock(mutex_);
  strays_.push_back(std::move(place));
}

void MemoryStore::damage_record(const std::string& name, const std::string& kind) {
  const std::lock_guard lock(mutex_);
  damaged_records_.emplace(name, kind);
}

std::uint64_t MemoryStore::response_stamp(const std::string& name) const noexcept {
  ++reads_;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return 0;
  const auto current = found->second.versions.find(found->second.current);
  return current == found->second.versions.end() ? 0 : current->second.response_stamp;
}

std::vector<VersionNumber> MemoryStore::versions(const std::string& name) const {
  ++reads_;
  const std::lock_guard lock(mutex_);
  std::vector<VersionNumber> numbers;
  const auto found = entries_.find(name);
  if (found == entries_.end()) return numbers;
  for (const auto& [number, version] : found->second.versions) numbers.push_back(number);
  std::reverse(numbers.begin(), numbers.end());
  return numbers;
}

Result<store::StoreReader::Glance> MemoryStore::glance(const std::string& name,
                                                       VersionNumber version) const {
  const Result<StoredCertificate> stored = load_version(name, version);
  if (!stored) return fail(stored.error());
  auto leaf = crypto::read_certificate_facts(stored->bundle.leaf().to_der());
  if (!leaf) return fail(leaf.error());
  return Glance{.info = stored->info, .leaf = *std::move(leaf)};
}

Result<std::vector<std::string>> MemoryStore::names() const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> names;
  for (const auto& [name, entry] : entries_) names.insert(name);
  for (const auto& [key, record] : records_) {
    if (key.first != store::kStoreWide) names.insert(key.first);
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<store::EventPage> MemoryStore::events_since(const store::EventMark& mark) const {
  const std::lock_guard lock(mutex_);
  const std::size_t first = std::min<std::size_t>(mark.offset, events_.size());
  return store::EventPage{
      .events = {events_.begin() + static_cast<std::ptrdiff_t>(first), events_.end()},
      .next = {.file = 1, .offset = events_.size()}};
}

Result<void> MemoryStore::append_event(const Event& event) {
  const std::lock_guard lock(mutex_);
  if (write_error_) return fail(*write_error_);
  events_.push_back(event);
  return {};
}

store::Changes MemoryStore::changes_since(const store::Revision& before) const {
  const std::lock_guard lock(mutex_);
  store::Changes changes{.revision = {.life = 1, .number = changes_.size()}, .names = {}};
  if (before.life != 1 || before.number > changes_.size()) return changes;
  const auto first = changes_.begin() + static_cast<std::ptrdiff_t>(before.number);
  const std::set<std::string> names(first, changes_.end());
  changes.names.emplace(names.begin(), names.end());
  return changes;
}

Result<FileDescriptor> MemoryStore::watch() const {
  FileDescriptor watcher(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  FileDescriptor ours(dup(watcher.get()));
  if (!watcher || !ours) return fail(system_error("eventfd", errno));
  const std::lock_guard lock(watchers_mutex_);
  watchers_.push_back(std::move(ours));
  return watcher;
}

void MemoryStore::wake() const {
  const std::lock_guard lock(watchers_mutex_);
  for (const FileDescriptor& watcher : watchers_) eventfd_write(watcher.get(), 1);
}

void MemoryStore::note_change(const std::string& name) {
  changes_.push_back(name);
  wake();
}

std::vector<std::string> MemoryStore::strays() const {
  const std::lock_guard lock(mutex_);
  return strays_;
}

std::vector<store::StoreReader::Damage> MemoryStore::damaged_records(
    const std::string& name) const {
  const std::lock_guard lock(mutex_);
  std::vector<Damage> damages;
  for (const auto& [owner, kind] : damaged_records_) {
    if (owner == name) damages.push_back({kind, Error(ErrorKind::invalid, "it was altered")});
  }
  return damages;
}

}  // namespace ccm::test
