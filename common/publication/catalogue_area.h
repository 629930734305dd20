// SPDX-License-Identifier: Apache-2.0
// One catalogue's part of a mapped segment (catalogue_layout.h): what readers and the writer both
// do with it. A view; the Segment must live as long. Publication room only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/secret.h"
#include "publication/catalogue_layout.h"

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

  // What the name with this hash refers to. Waits for nobody.
  References find(std::uint64_t hash) const noexcept;
  // A copy of the block; nullopt when another one, or none, lies there by now.
  std::optional<Secret> copy_out(std::uint64_t reference) const;
  // How many bytes of the heap the block takes; 0: none lies there.
  std::uint64_t size_of(std::uint64_t reference) const noexcept;

  // The writer's. A block is written before anything refers to it.
  void write(std::uint64_t reference, std::span<const std::byte> bytes) const noexcept;
  void wipe_heap(std::uint64_t offset, std::uint64_t size) const noexcept;

 private:
  Word* heap(std::uint64_t offset) const noexcept {
    return reinterpret_cast<Word*>(base_ + kHeapOffset + offset);
  }
  // The bytes behind its first word; nullopt: none lies there.
  std::optional<std::uint64_t> length_of(std::uint64_t reference) const noexcept;

  std::byte* base_;
};

}  // namespace ccm::publication
