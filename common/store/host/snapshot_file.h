// SPDX-License-Identifier: Apache-2.0
// The file "snapshot" at the top of the state directory. The leader keeps it so that a server can
// start without reading every certificate (publication/snapshot.h describes the content).
// Owner-only, because it holds private keys. Without the file, a server reads the store.
//
// The leader writes, one thread at a time; everyone who may read the store may read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/handle.h"
#include "base/result.h"
#include "base/secret.h"

namespace ccm::store {

std::string snapshot_path(const std::string& state_path);

// `rejected` when there is none, or when it does not belong to the owner of the state directory
// or others may write it.
Result<Secret> read_snapshot(const std::string& state_path);
// A part of the file, for a search for a single entry.
struct SnapshotPart {
  Secret content;  // as far as the file has it
  // The number of the whole file. When it differs, the snapshot has been replaced, and offsets with
  // it. A third snapshot may have the number of the first.
  std::uint64_t file = 0;
  std::int64_t changed = 0;  // differs after a change of any kind (nanoseconds)
  std::size_t total = 0;     // bytes
};
// Errors as read_snapshot().
Result<SnapshotPart> read_snapshot_part(const std::string& state_path, std::size_t at,
                                        std::size_t size);

// A new snapshot that is being made. To be begun before the store is read for it: remove_snapshot()
// makes it invalid, so that no snapshot appears that holds what was forgotten in the meantime. One
// at a time.
class SnapshotDraft {
 public:
  static Result<SnapshotDraft> begin(const std::string& state_path);
  SnapshotDraft(SnapshotDraft&& other) noexcept;
  SnapshotDraft& operator=(SnapshotDraft&&) = delete;
  ~SnapshotDraft();

  // False after remove_snapshot(), even when another draft has begun since.
  bool is_wanted() const noexcept;
  // Replaces the snapshot atomically by these parts, one after the other. `rejected` after
  // remove_snapshot(); any error leaves the snapshot as it was.
  Result<void> finish(std::span<const Secret> parts);

 private:
  SnapshotDraft(std::string state_path, FileDescriptor file)
      : state_path_(std::move(state_path)), file_(std::move(file)) {}

  std::string state_path_;
  FileDescriptor file_;  // none: it was finished or moved from
};
// Replaces the file atomically.
Result<void> replace_snapshot(const std::string& state_path, const Secret& content);
// Appends; returns the offset in bytes at which the new content begins. `rejected` when there is no
// snapshot. Removes a part that did not fit on the disk.
Result<std::uint64_t> append_to_snapshot(const std::string& state_path, const Secret& content);
// Overwrites a superseded part, which holds a private key, with zeroes.
void wipe_in_snapshot(const std::string& state_path, std::uint64_t at, std::size_t size) noexcept;
// To be called before and after a certificate is forgotten. Afterwards no snapshot holds it, and no
// draft that has begun can become one. Loses nothing that the store has. Succeeds when there is
// none.
void remove_snapshot(const std::string& state_path) noexcept;

}  // namespace ccm::store
