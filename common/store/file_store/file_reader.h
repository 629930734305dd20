// SPDX-License-Identifier: Apache-2.0
// The read side of the store on a local directory. Safe beside any writer, because every version is
// immutable and `current` moves atomically. Cheap to make; keeps nothing between two calls but what
// it has read of the last changes, and the few certificates that load_again() has read last.
//
//   STATE/                              owner-only throughout
//     ccm-store                         that this is a store, and of which format
//     revision, changes                 what changed last (journal.h)
//     leader.lock                       kernel lock: who talks to the cloud
//     request-ID-NAME, granted-NAME     what is asked of the leader (file_inbox.h)
//     keys/*.pem                        the operator's own keys, for certificates whose key is not
//                                       in the cloud
//     certificates/NAME/current         symbolic link to versions/N
//     certificates/NAME/versions/N/     fullchain.pem privkey.pem cert.pem chain.pem version,
//                                       which never change, and ocsp.der, which comes and goes
//     certificates/NAME/records/KIND    small records: state, order, …
//     certificates/.tmp-NAME            one that is being removed (removal.h)
//     records/KIND                      records of the whole store: lockout, answers
//   and beside it what servers leave of themselves (store/host/):
//     settings-KIND-INSTANCE            what a server's agent works with (effective_settings.h)
//     agent-KIND-INSTANCE               that it lives, and what it serves (presence.h)
//     trouble-KIND-INSTANCE             that it does not stay alive (trouble.h)
//     canary-KIND-INSTANCE              how handshakes end with new versions (canary_file.h)
//     snapshot                          what is to be published, for a quick start
//                                       (snapshot_file.h)
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/file_store/journal.h"
#include "store/file_store/recent_loads.h"
#include "store/store_reader.h"

namespace ccm::store {

// Virtual inheritance, because FileStore is also a Store and must have only one StoreReader.
class FileReader : public virtual StoreReader {
 public:
  explicit FileReader(std::string state_path);

  Result<Loaded> load(const std::string& name) const override;
  Result<Loaded> load_again(const std::string& name) const override;
  // Reads only the version's record, unless a file is missing or newer than the record, which is
  // written last. Then it loads the whole version.
  Result<Described> describe(const std::string& name) const override;
  VersionNumber current_version(const std::string& name) const noexcept override;
  std::uint64_t version_stamp(const std::string& name) const noexcept override;
  std::uint64_t response_stamp(const std::string& name) const noexcept override;
  Result<std::vector<VersionInfo>> history(const std::string& name) const override;
  std::vector<VersionNumber> versions(const std::string& name) const override;
  Result<StoredCertificate> load_version(const std::string& name,
                                         VersionNumber version) const override;
  Result<Glance> glance(const std::string& name, VersionNumber version) const override;
  // Leaves out files that do not belong there.
  Result<std::vector<std::string>> names() const override;
  Result<std::optional<StoredRecord>> read_record(std::string_view name,
                                                  std::string_view kind) const override;
  Changes changes_since(const Revision& before) const override;
  // Uses inotify.
  Result<EventPage> events_since(const EventMark& mark) const override;
  Result<FileDescriptor> watch() const override;
  std::unique_ptr<FileWatch> watch_files(std::vector<std::string> names) const override;
  std::string directory_of(const std::string& name) const override;
  std::vector<std::string> strays() const override;
  std::vector<Damage> damaged_records(const std::string& name) const override;

  const std::string& state_path() const noexcept { return state_path_; }
  std::string certificate_path(const std::string& name) const;

 protected:
  // Where a record lies; `invalid` for what cannot be part of a path.
  Result<std::string> records_path(std::string_view name, std::string_view kind) const;
  Journal& journal() const noexcept { return journal_; }
  // What load_again() would return without reading it.
  std::optional<StoredCertificate> find_loaded(const std::string& name) const {
    return recent_.find(name, traces_of(name));
  }
  // What was just written: load_again() need not read it.
  void note_loaded(const std::string& name, const StoredCertificate& written) const {
    const Traces traces = traces_of(name);
    const bool is_current = traces.stamp != 0 && traces.version == written.info.number;
    if (is_current) recent_.note(name, traces, written);
  }

 private:
  Traces traces_of(const std::string& name) const noexcept;

  std::string place_;  // as it was given
  std::string state_path_;
  mutable Journal journal_;
  mutable RecentLoads recent_;
};

}  // namespace ccm::store
