// SPDX-License-Identifier: Apache-2.0
// Finds single entries in the leader's snapshot, for a certificate that the store has lost
// (lifecycle/attempt/last_copy.h). It keeps in mind where the entries stand, so that a look costs
// what was added to the file since the last one, also when there is no entry of that name.
// Everything is searched when another file lies there, or when an entry is not where it was. It
// holds no keys.
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

  // nullopt: there is no intact entry, or one of an earlier release, which says too little.
  std::optional<lifecycle::LastCopy> find(const std::string& name);
  // Whether find() has something to read. Cheaper.
  bool has(const std::string& name);

 private:
  struct Place {
    std::size_t at = 0;
    std::size_t size = 0;
  };
  // What the file was like.
  struct Seen {
    std::uint64_t file = 0;
    std::int64_t changed = 0;
    std::size_t total = 0;

    bool operator==(const Seen&) const = default;
  };
  std::optional<publication::SnapshotEntry> read(const std::string& name);
  std::optional<publication::SnapshotEntry> read_at_its_place(const std::string& name);
  // Looks at what was added. False when there is no snapshot.
  bool follow();
  // Looks at everything, unless the file is as it was at the last search.
  bool search();
  bool still_has_the_last(const store::SnapshotPart& part,
                          const publication::EntryPlaces& found) const;
  // The offsets count from that of the last entry.
  void note(const store::SnapshotPart& part, const publication::EntryPlaces& found);

  std::string state_path_;
  std::mutex mutex_;
  std::map<std::string, Place, std::less<>> places_;
  Place last_;     // the last intact entry that is known
  Seen seen_;      // at the last look
  Seen searched_;  // at the last search()
};

}  // namespace ccm::agent
