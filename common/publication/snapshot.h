// SPDX-License-Identifier: Apache-2.0
// What is to be published, kept as bytes beside the store (store/host/snapshot_file.h), so that a
// starting server need not read and verify every certificate again. Each entry has its own
// checksum, so damage costs only that entry. A later entry of a name replaces an earlier one, so a
// change is appended.
//
// clang-format off
//   "ccm-snapshot-1\n", then any number of: mark (8) | size of the body (4) | SHA-256 of the body (32) | body
// clang-format on
//
// Beside entries there may be moments: up to then the entries hold all that the store has told of
// its changes. A certificate that was forgotten has no entry, unless a configuration names it.
// Lacking is a change whose writer was killed before the store could tell of it, such as a
// certificate forgotten with its versions kept. The last moment counts.
//
// Values; any thread. An entry is true for the time when it was written; readers ask the store
// whether it is still the current version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/traces.h"

namespace ccm::publication {

inline constexpr std::string_view kSnapshotHead = "ccm-snapshot-1\n";

struct SnapshotEntry {
  std::string name;
  std::uint64_t version = 0;
  std::uint64_t stamp = 0;          // of that version in the store
  std::uint64_t response = 0;       // the stamp of its OCSP response in the store; 0: not looked at
  unsigned rules = 0;               // of the gate that it passed
  Time begin{};                     // every certificate of the chain is in force from here
  Time end{};                       // to here
  Time response_end = Time::max();  // of the stapled response; max: there is none
  std::vector<std::string> names = {};    // of the leaf
  std::span<const std::byte> value = {};  // encoded (codec.h); borrowed
  std::string origin = {};  // store::VersionInfo; empty: an earlier release did not write it
  // Of the catalogues of an account that show it (store::Membership); nullopt: nobody has asked.
  std::optional<std::vector<std::string>> selections = {};

  // The store's state from which it was made.
  Traces traces() const noexcept {
    return {.version = version, .stamp = stamp, .response = response};
  }
};

// What the store calls a revision (store/store_reader.h).
struct SnapshotMoment {
  std::uint64_t life = 0;
  std::uint64_t number = 0;

  bool operator==(const SnapshotMoment&) const = default;
};

// The entry in the form of the file, with mark and checksum.
Secret encode_entry(const SnapshotEntry& entry);
// In the form of an entry without a name, which earlier releases pass over. Moments of releases
// that left entries of forgotten certificates in the file are passed over, too.
Secret encode_moment(const SnapshotMoment& moment);
// An entry backwards, verified; nullopt for anything but one intact entry, from which it borrows.
std::optional<SnapshotEntry> parse_entry(std::span<const std::byte> entry);

// Where an entry is in the file.
struct EntryPlace {
  std::string name;
  std::size_t at = 0;
  std::size_t size = 0;
};
// The entries in a part of the file, without their content. The offsets count from the beginning of
// the part; `end` is the end of the last complete entry.
struct EntryPlaces {
  std::vector<EntryPlace> places;
  std::size_t end = 0;
};
// Verifies nothing, so one wrong size hides all entries after it.
EntryPlaces find_entries(std::span<const std::byte> part);
// All intact entries, and no others. Reads everything.
EntryPlaces find_intact_entries(std::span<const std::byte> part);

// Its entries borrow from it: nothing of the content is copied.
class Snapshot {
 public:
  Snapshot() = default;
  // Ignores what is damaged, truncated or of another format.
  static Snapshot parse(Secret content);

  // Where an entry stands in the content; none of size 0 exists.
  struct Place {
    std::size_t at = 0;
    std::size_t size = 0;

    bool operator==(const Place&) const = default;
  };
  struct Kept {
    SnapshotEntry entry;
    Place place;
  };
  // nullptr: there is no intact entry.
  const SnapshotEntry* find(std::string_view name) const;
  Place place_of(std::string_view name) const;
  // The entry in the form of the file; empty: there is none.
  std::span<const std::byte> encoded(std::string_view name) const;
  // All intact entries by name.
  const std::map<std::string, Kept, std::less<>>& entries() const noexcept { return entries_; }
  std::size_t size() const noexcept { return entries_.size(); }
  const std::optional<SnapshotMoment>& moment() const noexcept { return moment_; }
  // How many bytes all moments take.
  std::size_t moment_bytes() const noexcept { return moment_bytes_; }
  // How many bytes its intact, current entries take, and the whole content; both are 0 for another
  // format.
  std::size_t used() const noexcept { return used_; }
  std::size_t total() const noexcept { return content_.size(); }

 private:
  void take(SnapshotEntry entry, Place place);

  Secret content_;
  std::map<std::string, Kept, std::less<>> entries_;
  std::optional<SnapshotMoment> moment_;
  std::size_t moment_bytes_ = 0;
  std::size_t used_ = 0;
};

}  // namespace ccm::publication
