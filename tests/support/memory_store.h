// SPDX-License-Identifier: Apache-2.0
// A Store in memory, for tests of code that uses a store. It passes the contract tests of every
// store (tests/contract/store), so the results hold for the file store, too. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/store.h"
#include "support/memory_inbox.h"

namespace ccm::test {

class MemoryStore final : public store::Store {
 public:
  MemoryStore() = default;

  // Every write fails with this error until the call with nullopt: a full disk.
  void fail_writes(std::optional<Error> error);
  void add_operator_key(crypto::KeyPair key);
  // Makes a version unreadable, as if its files had been altered.
  void damage(const std::string& name, store::VersionNumber version);

  // How often anything was read of it.
  std::uint64_t reads() const noexcept { return reads_; }

  // What lies among the certificates and is none.
  void add_stray(std::string place);
  void damage_record(const std::string& name, const std::string& kind);

  Result<store::StoreReader::Loaded> load(const std::string& name) const override;
  Result<std::vector<store::VersionInfo>> history(const std::string& name) const override;
  Result<store::StoredCertificate> load_version(const std::string& name,
                                                store::VersionNumber version) const override;
  store::VersionNumber current_version(const std::string& name) const noexcept override;
  std::uint64_t version_stamp(const std::string& name) const noexcept override;
  std::uint64_t response_stamp(const std::string& name) const noexcept override;
  std::vector<store::VersionNumber> versions(const std::string& name) const override;
  Result<Glance> glance(const std::string& name, store::VersionNumber version) const override;
  Result<std::vector<std::string>> names() const override;
  store::Changes changes_since(const store::Revision& before) const override;
  Result<store::EventPage> events_since(const store::EventMark& mark) const override;
  Result<void> append_event(const Event& event) override;
  // An eventfd.
  Result<FileDescriptor> watch() const override;
  std::string directory_of(const std::string&) const override { return {}; }
  std::vector<std::string> strays() const override;
  std::vector<Damage> damaged_records(const std::string& name) const override;
  Result<store::VersionInfo> install(const store::Lease& lease, const policy::Admission& admission,
                                     const store::Installation& installation) override;
  Result<void> restore(const store::Lease& lease, const policy::Admission& admission,
                       store::VersionNumber version) override;
  Result<void> prune(const store::Lease& lease, const std::string& name, unsigned keep) override;
  Result<void> keep_response(const store::Lease& lease, const std::string& name,
                             store::VersionNumber version, std::span<const std::byte> der) override;
  Result<std::optional<store::StoredRecord>> read_record(std::string_view name,
                                                         std::string_view kind) const override;
  Result<std::uint64_t> write_record(const store::Lease& lease, std::string_view name,
                                     std::string_view kind, const Secret& value,
                                     std::uint64_t expected) override;
  Result<void> remove_record(const store::Lease& lease, std::string_view name,
                             std::string_view kind) override;
  Result<void> forget(const store::Lease& lease, const std::string& name,
                      store::Keep keep) override;
  MemoryInbox& inbox() noexcept override { return inbox_; }
  Result<std::vector<crypto::KeyPair>> operator_keys() const override;
  // A lease may outlive the store.
  Result<std::unique_ptr<store::Lease>> try_lead() override;

 private:
  struct Version {
    store::StoredCertificate certificate;
    bool is_damaged = false;
    std::uint64_t response_stamp = 0;
  };
  struct Entry {
    std::map<store::VersionNumber, Version> versions;
    store::VersionNumber current = 0;
  };
  bool is_staged(const std::string& name, store::VersionNumber version) const;
  void remove_superseded(const std::string& name, Entry& entry, unsigned keep);
  struct Leadership {
    std::mutex mutex;
    std::uint64_t token = 0;
    bool is_taken = false;
  };
  class MemoryLease;

  void wake() const;
  // With the lock held: something about the certificate is another from now on.
  void note_change(const std::string& name);
  Result<void> check_write(const store::Lease& lease) const;
  store::StoreReader::Loaded load_locked(const std::string& name) const;

  mutable std::atomic<std::uint64_t> reads_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::pair<std::string, std::string>, store::StoredRecord> records_;
  std::set<std::pair<std::string, std::string>> damaged_records_;
  std::vector<std::string> strays_;
  std::vector<Event> events_;
  std::vector<std::string> changes_;  // the certificates, in the order of time
  mutable std::mutex watchers_mutex_;
  mutable std::vector<FileDescriptor> watchers_;
  MemoryInbox inbox_{[this] { wake(); }};
  std::vector<crypto::KeyPair> operator_keys_;
  std::optional<Error> write_error_;
  std::shared_ptr<Leadership> leadership_ = std::make_shared<Leadership>();
};

}  // namespace ccm::test
