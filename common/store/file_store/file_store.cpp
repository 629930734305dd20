// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/file_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <mutex>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "crypto/verification/serving_rules.h"
#include "store/file_store/event_log.h"
#include "store/file_store/file_inbox.h"
#include "store/file_store/file_lease.h"
#include "store/file_store/file_reader.h"
#include "store/file_store/journal.h"
#include "store/file_store/leftovers.h"
#include "store/file_store/record_file.h"
#include "store/file_store/removal.h"
#include "store/file_store/version_files.h"
#include "store/host/snapshot_file.h"
#include "store/host/state_directory.h"
#include "store/staging.h"

namespace ccm::store {
namespace {

constexpr std::size_t kMaxKeyFile = std::size_t{64} << 10U;

class FileStore final : public Store, public FileReader {
 public:
  explicit FileStore(const std::string& state_path)
      : FileReader(state_path),
        inbox_(FileReader::state_path()),
        event_log_(FileReader::state_path()) {}

  Result<void> prepare() const;

  Result<VersionInfo> install(const Lease& lease, const policy::Admission& admission,
                              const Installation& installation) override;
  Result<void> restore(const Lease& lease, const policy::Admission& admission,
                       VersionNumber version) override;
  Result<void> prune(const Lease& lease, const std::string& name, unsigned keep) override;
  Result<void> keep_response(const Lease& lease, const std::string& name, VersionNumber version,
                             std::span<const std::byte> der) override;
  Result<std::uint64_t> write_record(const Lease& lease, std::string_view name,
                                     std::string_view kind, const Secret& value,
                                     std::uint64_t expected) override;
  Result<void> remove_record(const Lease& lease, std::string_view name,
                             std::string_view kind) override;
  Result<void> forget(const Lease& lease, const std::string& name, Keep keep) override;
  Result<void> append_event(const Event& event) override {
    return event_log_.append(to_line(event));
  }
  Inbox& inbox() noexcept override { return inbox_; }
  Result<std::vector<crypto::KeyPair>> operator_keys() const override;
  Result<std::unique_ptr<Lease>> try_lead() override;

 private:
  std::string path(std::string_view below) const {
    return fmt::format("{}/{}", state_path(), below);
  }
  std::string versions_path(const std::string& name) const {
    return certificate_path(name) + "/versions";
  }
  Result<void> check_expected(const std::string& name, VersionNumber expected) const;
  Result<VersionNumber> next_number(const std::string& name) const;
  Result<void> add_version(const std::string& name, const Installation& installation,
                           const VersionInfo& info) const;
  Result<void> point_at(const std::string& name, VersionNumber number) const;
  // Wakes whoever watches the store, and says what to look at.
  void announce(const std::string& name) const { journal().note(name, Changed::what_is_served); }
  void remove_superseded(const std::string& name, unsigned keep) const;

  FileInbox inbox_;
  EventLog event_log_;
  // Writers of one process take turns; the lease keeps other processes out.
  std::mutex mutex_;
};

Result<void> FileStore::prepare() const {
  if (Result<void> made = make_directories(state_path()); !made) return made;
  if (Result<void> marked = mark_as_store(state_path()); !marked) return marked;
  for (const char* directory : {"certificates", "keys", "records"}) {
    if (Result<void> made = make_directories(path(directory)); !made) return made;
  }
  return {};
}

// The decision was based on `current` or, if that is damaged, on what load() gave instead.
Result<void> FileStore::check_expected(const std::string& name, VersionNumber expected) const {
  if (expected == current_version(name)) return {};
  Result<StoreReader::Loaded> loaded = load(name);
  if (!loaded) return pass(std::move(loaded));
  const VersionNumber effective = loaded->certificate ? loaded->certificate->info.number : 0;
  if (expected == effective) return {};
  return fail(ErrorKind::transient, "the installed version changed in the meantime");
}

// Damaged and abandoned versions count, so that a number is never used twice.
Result<VersionNumber> FileStore::next_number(const std::string& name) const {
  Result<std::vector<std::string>> names = list_directory(versions_path(name));
  if (!names) return pass(std::move(names));
  VersionNumber highest = current_version(name);
  for (const std::string& version : *names) {
    highest = std::max(highest, parse_version_number(version));
  }
  return highest + 1;
}

// Writes everything under a temporary name, then renames the whole directory.
Result<void> FileStore::add_version(const std::string& name, const Installation& installation,
                                    const VersionInfo& info) const {
  const std::string versions = versions_path(name);
  const std::string final_path = fmt::format("{}/{}", versions, info.number);
  const std::string temporary =
      fmt::format("{}{}{}", final_path, kTemporaryMark, info.fingerprint.substr(0, 16));
  // The directory that it is in is synced by point_at().
  const bool is_first = !installation.waits && access(versions.c_str(), F_OK) != 0;
  Result<void> done = remove_tree(temporary);
  if (done) done = make_directories(is_first ? certificate_path(name) : versions);
  if (done && is_first) done = make_unsynced_directory(versions);
  if (done) done = make_unsynced_directory(temporary);
  if (done) done = write_version_files(temporary, installation.bundle, info);
  if (done && !installation.ocsp_response.empty()) {
    done = write_ocsp_response(temporary, installation.ocsp_response);
  }
  if (done) done = sync_directory(temporary);
  if (done && rename(temporary.c_str(), final_path.c_str()) != 0) {
    done = fail(system_error(fmt::format("rename {}", temporary), errno));
  }
  if (done) done = sync_directory(versions);
  if (!done) {
    static_cast<void>(remove_tree(temporary));
    static_cast<void>(remove_tree(final_path));
  }
  return done;
}

Result<void> FileStore::point_at(const std::string& name, VersionNumber number) const {
  return replace_symlink(certificate_path(name) + "/current", fmt::format("versions/{}", number));
}

// What cannot be removed now is removed the next time.
void FileStore::remove_superseded(const std::string& name, unsigned keep) const {
  const std::string versions = versions_path(name);
  const Result<std::vector<std::string>> names = list_directory(versions);
  if (!names) return;
  const VersionNumber current = current_version(name);
  const VersionNumber staged = staged_version(*this, name);
  std::vector<VersionNumber> previous;
  for (const std::string& version : *names) {
    const VersionNumber number = parse_version_number(version);
    if (number != 0 && number != current && number != staged) previous.push_back(number);
  }
  std::sort(previous.begin(), previous.end(), std::greater<>());
  for (std::size_t i = keep; i < previous.size(); ++i) {
    const std::string old = fmt::format("{}/{}", versions, previous[i]);
    const std::string doomed = old + std::string(kTemporaryMark) + "old";
    // Renamed first, so that a version is either complete or not there.
    static_cast<void>(remove_tree(doomed));
    if (rename(old.c_str(), doomed.c_str()) == 0) static_cast<void>(remove_tree(doomed));
  }
}

Result<VersionInfo> FileStore::install(const Lease& lease, const policy::Admission& admission,
                                       const Installation& installation) {
  const std::string& name = admission.name();
  if (Result<void> checked = check_entry_name(name); !checked) return pass(std::move(checked));
  if (!admission.is_for(installation.bundle.leaf())) return refuse_admission(admission);
  const std::lock_guard lock(mutex_);
  Result<void> allowed = check_lease(state_path(), lease);
  if (allowed) allowed = check_expected(name, installation.expected);
  if (!allowed) return pass(std::move(allowed));
  Result<VersionNumber> number = next_number(name);
  if (!number) return pass(std::move(number));
  const crypto::Certificate& leaf = installation.bundle.leaf();
  VersionInfo info{.number = *number,
                   .installed_at = installation.now,
                   .not_before = leaf.not_before(),
                   .not_after = leaf.not_after(),
                   .fingerprint = leaf.fingerprint(),
                   .serial = leaf.serial(),
                   .origin = installation.origin,
                   .rules = crypto::kServingRules};
  Result<void> done = add_version(name, installation, info);
  if (!done) return pass(std::move(done));
  if (installation.waits) return info;
  done = point_at(name, *number);
  if (!done) {
    static_cast<void>(remove_tree(fmt::format("{}/{}", versions_path(name), *number)));
    return pass(std::move(done));
  }
  const auto& response = installation.ocsp_response;
  note_loaded(name, {installation.bundle, info, {response.begin(), response.end()}});
  announce(name);
  remove_superseded(name, installation.keep);
  return info;
}

Result<void> FileStore::restore(const Lease& lease, const policy::Admission& admission,
                                VersionNumber version) {
  const std::string& name = admission.name();
  if (Result<void> checked = check_entry_name(name); !checked) return checked;
  const std::lock_guard lock(mutex_);
  Result<void> allowed = check_lease(state_path(), lease);
  if (!allowed) return allowed;
  Result<StoredCertificate> wanted =
      read_version_files(fmt::format("{}/{}", versions_path(name), version), version);
  if (!wanted) {
    return fail(std::move(wanted)
                    .error()
                    .with_kind(ErrorKind::rejected)
                    .with_context(fmt::format("restore version {} of \"{}\"", version, name)));
  }
  if (!admission.is_for(wanted->bundle.leaf())) return refuse_admission(admission);
  Result<void> done = point_at(name, version);
  if (done) announce(name);
  return done;
}

Result<void> FileStore::prune(const Lease& lease, const std::string& name, unsigned keep) {
  if (Result<void> checked = check_entry_name(name); !checked) return checked;
  const std::lock_guard lock(mutex_);
  if (Result<void> allowed = check_lease(state_path(), lease); !allowed) return allowed;
  if (versions(name).size() <= keep + std::size_t{1}) return {};
  // When the current version is damaged, an older one is served.
  const Result<StoreReader::Loaded> loaded = load(name);
  if (loaded && loaded->certificate && !loaded->damage) remove_superseded(name, keep);
  return {};
}

Result<void> FileStore::keep_response(const Lease& lease, const std::string& name,
                                      VersionNumber version, std::span<const std::byte> der) {
  if (Result<void> checked = check_entry_name(name); !checked) return checked;
  const std::lock_guard lock(mutex_);
  Result<void> allowed = check_lease(state_path(), lease);
  if (!allowed) return allowed;
  const std::string directory = fmt::format("{}/{}", versions_path(name), version);
  if (access(directory.c_str(), F_OK) != 0) {
    return fail(ErrorKind::rejected,
                fmt::format("certificate \"{}\" has no version {} any more", name, version));
  }
  const auto known = find_loaded(name);
  const std::uint64_t stamp = version_stamp(name);
  Result<void> done = write_ocsp_response(directory, der);
  if (!done) return done;
  if (known && known->info.number == version && version_stamp(name) == stamp) {
    note_loaded(name, {known->bundle, known->info, {der.begin(), der.end()}});
  }
  announce(name);
  return done;
}

Result<std::uint64_t> FileStore::write_record(const Lease& lease, std::string_view name,
                                              std::string_view kind, const Secret& value,
                                              std::uint64_t expected) {
  Result<std::string> directory = records_path(name, kind);
  if (!directory) return pass(std::move(directory));
  const std::lock_guard lock(mutex_);
  Result<void> allowed = check_lease(state_path(), lease);
  if (!allowed) return pass(std::move(allowed));
  Result<std::uint64_t> written = write_record_file(*directory, kind, value, expected);
  if (written && name != kStoreWide) {
    journal().note(std::string(name), Changed::records);
  }
  return written;
}

Result<void> FileStore::remove_record(const Lease& lease, std::string_view name,
                                      std::string_view kind) {
  Result<std::string> directory = records_path(name, kind);
  if (!directory) return pass(std::move(directory));
  const std::lock_guard lock(mutex_);
  if (Result<void> allowed = check_lease(state_path(), lease); !allowed) return allowed;
  const bool is_there = access(fmt::format("{}/{}", *directory, kind).c_str(), F_OK) == 0;
  Result<void> removed = remove_record_file(*directory, kind);
  if (removed && is_there && name != kStoreWide) {
    journal().note(std::string(name), Changed::records);
  }
  return removed;
}

Result<void> FileStore::forget(const Lease& lease, const std::string& name, Keep keep) {
  if (Result<void> checked = check_entry_name(name); !checked) return checked;
  const std::lock_guard lock(mutex_);
  if (Result<void> allowed = check_lease(state_path(), lease); !allowed) return allowed;
  // The snapshot may hold the private key, so it goes. The leader makes a new one.
  if (keep == Keep::nothing) remove_snapshot(state_path());
  Result<void> done =
      keep == Keep::versions ? strip_entry(state_path(), name) : remove_entry(state_path(), name);
  // A new one may have been made in the meantime, from what was still there.
  if (keep == Keep::nothing) remove_snapshot(state_path());
  // A part of the removal may have been done before a failure.
  journal().note(name, keep == Keep::versions ? Changed::records : Changed::what_is_served);
  return done;
}

// A key that cannot be parsed is left out; an error only when there is no other.
Result<std::vector<crypto::KeyPair>> FileStore::operator_keys() const {
  const std::string directory = path("keys");
  Result<std::vector<std::string>> names = list_directory(directory);
  if (!names) return pass(std::move(names));
  std::vector<crypto::KeyPair> keys;
  std::optional<Error> problem;
  for (const std::string& name : *names) {
    if (!name.ends_with(".pem") || name.starts_with('.')) continue;
    const std::string file = fmt::format("{}/{}", directory, name);
    const Result<Secret> pem = read_secret_file(file, kMaxKeyFile);
    Result<crypto::KeyPair> key = pem ? crypto::KeyPair::parse_pem(pem->reveal())
                                      : Result<crypto::KeyPair>(fail(pem.error()));
    if (key) {
      keys.push_back(std::move(*key));
    } else if (!problem) {
      problem = std::move(key).error().with_context(file);
    }
  }
  if (keys.empty() && problem) return fail(std::move(*problem));
  return keys;
}

Result<std::unique_ptr<Lease>> FileStore::try_lead() {
  const std::lock_guard lock(mutex_);
  Result<std::unique_ptr<Lease>> lease = acquire_lease(state_path());
  // Left-overs only cost disk space, so an entry that cannot be cleaned must not prevent
  // leadership.
  if (lease && *lease) static_cast<void>(remove_leftovers(*this));
  // The leader before may have been killed after a change and before its note about it.
  if (lease && *lease) journal().note_new_life();
  return lease;
}

}  // namespace

Result<std::unique_ptr<Store>> open_file_store(const std::string& state_path) {
  auto store = std::make_unique<FileStore>(state_path);
  if (Result<void> prepared = store->prepare(); !prepared) {
    return fail_with(std::move(prepared), "open the store");
  }
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace ccm::store
