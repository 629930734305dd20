// SPDX-License-Identifier: Apache-2.0
// Keeps the snapshot beside the store (publication/snapshot.h) up to date, for the next start of
// any server on this host. It holds the certificates of the leader's configuration and, where a
// server has a catalogue, everything in the store but what was forgotten. A change is appended;
// from time to time, and when a certificate is gone, the whole file is rewritten. What the store
// has lost, without having been told to forget it, keeps its entry: no other copy may be left.
//
// Only the leader has one. It works on a thread of its own, so that it delays nothing; any thread
// may report changes. Borrows its parts.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/process/thread_pool.h"
#include "agent/publishing/last_copies.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/traces.h"
#include "config/config.h"
#include "publication/snapshot.h"
#include "store/store_reader.h"

namespace ccm::agent {

// What the keeper does, on one thread at a time.
class SnapshotFile {
 public:
  struct Parts {
    const config::Config& config;
    const store::StoreReader& store;
    std::string state_path;
    const Clock& clock;
    Log& log;
    // Called when a new leader has read everything, for each certificate that the store has in
    // another state than the last leader knew, or has lost: a backup was restored, or something was
    // damaged. `version` is the one that the last leader knew.
    std::function<void(const std::string& name, store::VersionNumber version)> on_difference = {};
  };
  explicit SnapshotFile(Parts parts) : parts_(std::move(parts)) {}

  // Updates the entries of all certificates: a few system calls for each, and a read for each new
  // one.
  void bring_up_to_date();
  // Every change up to this revision of the store is in the file, or is going to be. The next start
  // of a server with a catalogue then looks only at what has changed since. Not noted while an
  // entry is out of date, because the store could not be read or the disk is full.
  void reached(const store::Revision& revision);
  // Updates one certificate, which may have changed. Cheap when it has not.
  void note(const std::string& name);
  // Whether bring_up_to_date() is postponed; catch_up() does it when it is time. Forgetting a
  // certificate makes a new file necessary, and many may be forgotten in a row.
  bool owes_all() const noexcept { return owes_all_; }
  void catch_up();
  // Calls bring_up_to_date(), at once for few certificates, and when it is time for many.
  void begin_anew();

 private:
  // What is known of one certificate, and where its entry is in the file.
  struct Known {
    Traces traces;
    std::size_t selected = 0;  // a hash of its selections; 0: there are none
    std::uint64_t at = 0;
    std::size_t size = 0;  // 0: it has none
  };

  // As of a SnapshotEntry.
  using Selections = std::optional<std::vector<std::string>>;
  using KnownByName = std::vector<std::pair<std::string, Known>>;

  // What a server may show at its start: the certificates that a configuration names, and all of
  // them with a catalogue.
  struct Subject {
    std::string name;
    std::vector<std::string> names = {};  // that it has to cover
    bool stapling = true;
  };

  std::vector<Subject> subjects(const publication::Snapshot& old) const;
  std::optional<Subject> find(const std::string& name) const;
  // A certificate that was forgotten and whose versions were kept.
  bool is_left_out(const std::string& name) const;
  Traces look(const Subject& subject) const;
  Selections selections_of(const std::string& name) const;
  // The entry for the certificate; empty when a server could not show it at once, nullopt when the
  // store cannot give it.
  std::optional<Secret> read(const Subject& subject, const Traces& traces) const;
  // The content of the new file.
  struct Content {
    std::vector<Secret> parts;
    std::size_t size = 0;
    bool is_as_before = true;  // each is in the old file at the same place
  };
  Content join(const publication::Snapshot& old, KnownByName& known);
  Result<void> write_anew(KnownByName& known);
  void tell_differences();
  void append(Known& known, const Secret& entry);
  void settle(const Result<void>& written);
  // Wipes its entry, if it has one.
  void drop(Known& known);
  void say(const std::optional<Error>& problem);

  Parts parts_;
  std::map<std::string, Known, std::less<>> known_;
  std::vector<std::pair<std::string, store::VersionNumber>> differences_;  // to be reported
  bool has_begun_ = false;                             // the differences were reported
  std::set<std::string, std::less<>> forgotten_;       // of a catalogue, as the store has reported
  std::size_t used_ = 0;                               // bytes of entries that are up to date
  std::size_t total_ = 0;                              // bytes of the file
  std::optional<publication::SnapshotMoment> moment_;  // the last one in the file
  bool has_stale_ = false;  // an entry of another version than the store's current one
  bool has_complained_ = false;
  std::atomic<bool> owes_all_{false};
  SteadyTime next_all_;
};

class SnapshotKeeper {
 public:
  // `wake_descriptor` as of a ThreadPool.
  SnapshotKeeper(SnapshotFile::Parts parts, int wake_descriptor);

  // `revision` was asked for before the call.
  void bring_up_to_date(const store::Revision& revision);
  // The store has reported these changes up to `revision`; there may be newer ones. Waits a little
  // when there are many, so that it may be called often.
  void note(store::Changes changes);
  // A copy of a certificate that the store has lost. Any thread; does not wait for the jobs.
  std::optional<lifecycle::LastCopy> last_copy_of(const std::string& name) {
    return copies_.find(name);
  }

 private:
  void give(std::function<void()> job);

  LastCopies copies_;
  SnapshotFile file_;
  ThreadPool pool_;
};

}  // namespace ccm::agent
