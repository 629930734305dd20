// SPDX-License-Identifier: Apache-2.0
// Finds single entries in the leader's snapshot, for a certificate that the store has lost
// (lifecycle/attempt/last_copy.h). Remembers where the entries are, so that a look costs only what
// was added to the file since the last one, also for a name without an entry. Searches the whole
// file when it is another file, or when an entry is not at its place. Holds no keys.
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "lifecycle/attempt/last_copy.h"
#include "publication/snapshot.h"
#include "store/host/snapshot_file.h"

namespace ccm::agent {

class LastCopies {
 public:
  explicit LastCopies(std::string state_path) : state_path_(std::move(state_path)) {}

  // nullopt: there is no intact entry, or only one of an earlier release, which lacks what is
  // needed.
  std::optional<lifecycle::LastCopy> find(const std::string& name);
  // Whether find() would find something. Cheaper than find().
  bool has(const std::string& name);

 private:
  struct Place {
    std::size_t at = 0;
    std::size_t size = 0;
  };
  // What identifies the file that was read.
  struct Seen {
    std::uint64_t file = 0;
    std::int64_t changed = 0;
    std::size_t total = 0;

    bool operator==(const Seen&) const = default;
  };
  struct Read {
    Secret content;
    publication::SnapshotEntry entry;  // borrows from the content
  };
  std::optional<Read> read(const std::string& name);
  std::optional<Read> read_at_its_place(const std::string& name);
  // Reads what was added. False when there is no snapshot.
  bool follow();
  // Reads the whole file, unless it has not changed since the last search.
  bool search();
  bool still_has_the_last(const store::SnapshotPart& part,
                          const publication::EntryPlaces& found) const;
  // The offsets count from the place of the last entry.
  void note(const store::SnapshotPart& part, const publication::EntryPlaces& found);

  std::string state_path_;
  std::mutex mutex_;
  std::map<std::string, Place, std::less<>> places_;
  Place last_;     // the last intact entry that is known
  Seen seen_;      // at the last follow() or search()
  Seen searched_;  // at the last search()
};

}  // namespace ccm::agent
