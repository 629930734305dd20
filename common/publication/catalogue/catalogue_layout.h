// SPDX-License-Identifier: Apache-2.0
// A catalogue in the publication segment (layout.h): certificates that are found by the name that a
// client asks for. It grows while it is in use. Its part of the file is large and sparse, so unused
// parts cost no memory, and nobody has to map the file again.
//
// clang-format off
//   CatalogueHead | entries: kMostCatalogued × Word | tables: kTables × (2^n × NameSlot) | heap
// clang-format on
//
// The heap holds blocks. A block of a certificate has everything about it but its chain, which is a
// block of its own that many certificates share (catalogue_block.h). A reference to a block is one
// Word: the block's offset and its number. Two equal references mean the same block (numbers repeat
// only after 2^32 - 1 blocks).
//
// An entry refers to the block of one certificate of the store. A slot of a table has the hash of a
// name and refers to the best certificate for that name with each kind of key. Tables are
// open-addressed; CatalogueHead::table says which of them is in use. A slot whose references are 0
// is free for another name.
//
// There is one writer and any number of readers, which never wait. The writer makes a change in
// this order: it writes the new block, then stores its reference in the entry, then in the slots of
// its names, one Word at a time; finally it wipes the old block. So a writer that dies leaves every
// name with a whole certificate. Its successor reads the entries, corrects the slots, and wipes the
// rest of the heap. A reader copies a block, and uses the copy only if the name still refers to the
// block afterwards.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "publication/layout.h"

namespace ccm::publication {

enum class KeySlot : std::uint8_t { rsa, ecdsa };
inline constexpr std::size_t kKeySlots = 2;

struct CatalogueHead {
  std::array<char, kNameSize> name;
  Word table;         // the index of the table in use
  Word heap_used;     // bytes of the heap that have ever been used
  Word last_number;   // the number of the newest block
  Word certificates;  // how many entries there are, for people
  Word names;         // that are shown
};

struct NameSlot {
  Word hash;  // 0: never used, so a search ends here
  std::array<Word, kKeySlots> references;
};

inline constexpr std::size_t kMostCatalogueAreas = 8;
inline constexpr std::uint32_t kMostCatalogued = 1U << 17U;
// Two tables of each size: when one has too many slots of removed names, the writer builds the
// other.
inline constexpr std::size_t kTableSizes = 6;
inline constexpr std::size_t kTables = 2 * kTableSizes;
inline constexpr std::size_t kBlockUnit = 64;  // blocks begin and end at multiples

constexpr std::uint64_t table_slots(std::size_t table) noexcept {
  return std::uint64_t{1} << (10 + 2 * (table / 2));
}

inline constexpr std::uint64_t kEntriesOffset = kAlignment;
inline constexpr std::uint64_t kFirstTableOffset =
    kEntriesOffset + std::uint64_t{kMostCatalogued} * sizeof(Word);

constexpr std::uint64_t table_offset(std::size_t table) noexcept {
  std::uint64_t offset = kFirstTableOffset;
  for (std::size_t i = 0; i < table; ++i) {
    const std::uint64_t size = table_slots(i) * sizeof(NameSlot);
    offset += (size + kAlignment - 1) / kAlignment * kAlignment;
  }
  return offset;
}

inline constexpr std::uint64_t kHeapOffset = table_offset(kTables);
inline constexpr std::uint64_t kCatalogueSize = std::uint64_t{1} << 30U;
inline constexpr std::uint64_t kHeapSize = kCatalogueSize - kHeapOffset;
static_assert(kHeapOffset < kCatalogueSize / 8 && kHeapOffset % kBlockUnit == 0);

// A reference: the unit of the heap where the block begins, and above it the block's number.
constexpr std::uint64_t make_reference(std::uint64_t offset, std::uint64_t number) noexcept {
  return number << 32U | offset / kBlockUnit;
}
constexpr std::uint64_t offset_of(std::uint64_t reference) noexcept {
  return (reference & 0xffffffffU) * kBlockUnit;
}
// Numbers run from 1 to 2^32 - 1 and then start again.
constexpr std::uint64_t next_number(std::uint64_t number) noexcept {
  return number >= 0xffffffffU ? 1 : number + 1;
}

}  // namespace ccm::publication
