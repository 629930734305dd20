// SPDX-License-Identifier: Apache-2.0
#include "support/memory_store.h"

#include <algorithm>
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
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end() || !found->second.versions.contains(version) ||
      found->second.versions.at(version).is_damaged) {
    return fail(ErrorKind::rejected, "there is no intact version " + std::to_string(version));
  }
  return found->second.versions.at(version).certificate;
}

VersionNumber MemoryStore::current_version(const std::string& name) const noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? 0 : found->second.current;
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
  entry.current = info.number;
  remove_superseded(entry, installation.keep);
  return info;
}

void MemoryStore::remove_superseded(Entry& entry, unsigned keep) {
  std::size_t kept = 0;
  for (auto version = entry.versions.end(); version != entry.versions.begin();) {
    --version;
    if (version->first == entry.current || kept++ < keep) continue;
    version = entry.versions.erase(version);
  }
}

Result<void> MemoryStore::prune(const Lease& lease, const std::string& name, unsigned keep) {
  const std::lock_guard lock(mutex_);
  if (Result<void> allowed = check_write(lease); !allowed) return allowed;
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  const auto current = found->second.versions.find(found->second.current);
  const bool is_intact = current != found->second.versions.end() && !current->second.is_damaged;
  if (is_intact) remove_superseded(found->second, keep);
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
  found->second.versions.at(version).certificate.ocsp_response.assign(der.begin(), der.end());
  return {};
}

Result<std::optional<StoredRecord>> MemoryStore::read_record(std::string_view name,
                                                             std::string_view kind) const {
  const std::lock_guard lock(mutex_);
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
  if (expected != (found == records_.end() ? 0 : found->second.version)) {
    return fail(ErrorKind::transient, "the record changed in the meantime");
  }
  records_[key] = StoredRecord{.value = value.clone(), .version = expected + 1};
  return expected + 1;
}

Result<void> MemoryStore::remove_record(const Lease& lease, std::string_view name,
                                        std::string_view kind) {
  const std::lock_guard lock(mutex_);
  if (Result<void> allowed = check_write(lease); !allowed) return allowed;
  records_.erase({std::string(name), std::string(kind)});
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

}  // namespace ccm::test
