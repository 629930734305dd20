// SPDX-License-Identifier: Apache-2.0
// A mapping of the publication segment (layout.h), checked before it is used. Owned by one Writer
// or Reader; unmapped when dropped, inherited by fork. Publication room only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/handle.h"
#include "base/memory_file.h"
#include "base/result.h"
#include "base/secret.h"
#include "publication/layout.h"

namespace ccm::publication {

enum class Access : std::uint8_t { read_only, read_write };

class Segment {
 public:
  // A new one for sorted, unique names: close-on-exec, mode 0400, its size sealed. Only processes
  // that inherit this descriptor can write: any other process, even of the same user, would have to
  // open the file again, and the mode refuses that. Where the system refuses a memfd, it is a file
  // without a name (base/memory_file.h), which has no seals: then whoever may write can also
  // truncate it.
  static Result<MemoryFile> create(const std::vector<std::string>& sorted_names,
                                   const std::vector<std::string>& catalogues,
                                   const std::string& last_resort);
  // Maps an existing one. `invalid` unless magic, version, sizes, seals and directory are right.
  // Excluded from core dumps, where the system allows that.
  static Result<Segment> map(int fd, Access access);

  Segment(Segment&& other) noexcept;
  Segment& operator=(Segment&& other) noexcept;
  ~Segment();

  // Does not count those of the proofs and of the ticket keys.
  std::uint32_t slot_count() const noexcept { return slot_count_; }
  std::uint32_t proofs_slot() const noexcept { return slot_count_; }
  std::uint32_t ticket_keys_slot() const noexcept { return slot_count_ + 1; }
  std::size_t buffer_size(std::uint32_t slot) const noexcept {
    if (slot == ticket_keys_slot()) return kTicketKeysBufferSize;
    return slot == proofs_slot() ? kProofsBufferSize : kBufferSize;
  }
  std::optional<std::uint32_t> find(std::string_view name) const noexcept;
  const Entry& entry(std::uint32_t slot) const noexcept;
  std::string_view name(std::uint32_t slot) const noexcept;
  // The bytes [0, size) of a buffer, size at most buffer_size(), word by word.
  Secret copy_out(std::uint32_t slot, std::size_t buffer, std::size_t size) const;

  const Word& beat() const noexcept;
  std::uint32_t note_count() const noexcept { return kFirstCertificateNote + slot_count_; }
  const Note& note(std::uint32_t index) const noexcept;

  // Only with Access::read_write.
  Word& beat() noexcept;
  Note& note(std::uint32_t index) noexcept;
  // Like reserve(), for a whole note.
  Result<void> reserve_note(int file, std::uint32_t index) const;
  Entry& entry(std::uint32_t slot) noexcept;
  void copy_in(std::uint32_t slot, std::size_t buffer, std::span<const std::byte> bytes) noexcept;
  // Makes room for the bytes [0, size) of a buffer of the file, so that copy_in() cannot meet a
  // full file system, which would end this process.
  Result<void> reserve(int file, std::uint32_t slot, std::size_t buffer, std::size_t size) const;
  // Zeroes the bytes [0, size).
  void wipe(std::uint32_t slot, std::size_t buffer, std::size_t size) noexcept;
  // The next two must not be called when there are no catalogues.
  std::size_t catalogue_count() const noexcept { return catalogue_count_; }
  std::uint64_t catalogue_offset(std::size_t index) const noexcept;
  // The part that workers may write, kAskedSize bytes.
  std::uint64_t asked_offset() const noexcept { return catalogue_offset(catalogue_count_); }
  std::byte* catalogue(std::size_t index) const noexcept { return base_ + catalogue_offset(index); }

  // The offset of a buffer in the file, for returning its pages to the system.
  std::uint64_t buffer_offset(std::uint32_t slot, std::size_t buffer) const noexcept;

 private:
  Segment(std::byte* base, std::size_t size) noexcept : base_(base), size_(size) {}
  Result<void> check();
  Word* words(std::uint32_t slot, std::size_t buffer) const noexcept;

  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
  std::uint32_t slot_count_ = 0;
  std::uint64_t buffers_offset_ = 0;
  std::uint64_t notes_offset_ = 0;
  std::uint64_t catalogues_offset_ = 0;
  std::size_t catalogue_count_ = 0;
};

}  // namespace ccm::publication
