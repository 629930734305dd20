// SPDX-License-Identifier: Apache-2.0
// One catalogue's part of a mapped segment (catalogue_layout.h), with the operations that readers
// and the writer share. A view: the Segment must outlive it. Publication room only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/secret.h"
#include "publication/catalogue/catalogue_layout.h"

namespace ccm::publication {

using References = std::array<std::uint64_t, kKeySlots>;

class CatalogueArea {
 public:
  explicit CatalogueArea(std::byte* base) noexcept : base_(base) {}

  CatalogueHead& head() const noexcept { return *reinterpret_cast<CatalogueHead*>(base_); }
  std::string_view name() const noexcept;
  Word& entry(std::uint32_t index) const noexcept {
    return reinterpret_cast<Word*>(base_ + kEntriesOffset)[index];
  }
  NameSlot* slots(std::size_t table) const noexcept {
    return reinterpret_cast<NameSlot*>(base_ + table_offset(table));
  }

  // The references of the name with this hash; 0 for each kind of key that it lacks. Never waits.
  References find(std::uint64_t hash) const noexcept;
  // A copy of the block; nullopt when the writer has replaced or removed it.
  std::optional<Secret> copy_out(std::uint64_t reference) const;
  // How many bytes of the heap the block takes; 0: there is no such block.
  std::uint64_t size_of(std::uint64_t reference) const noexcept;

  // For the writer only, which writes a block before anything refers to it.
  void write(std::uint64_t reference, std::span<const std::byte> bytes) const noexcept;
  void wipe_heap(std::uint64_t offset, std::uint64_t size) const noexcept;

 private:
  Word* heap(std::uint64_t offset) const noexcept {
    return reinterpret_cast<Word*>(base_ + kHeapOffset + offset);
  }
  // How many bytes follow the block's first word; nullopt: there is no such block.
  std::optional<std::uint64_t> length_of(std::uint64_t reference) const noexcept;

  std::byte* base_;
};

}  // namespace ccm::publication
