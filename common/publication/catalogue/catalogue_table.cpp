// SPDX-License-Identifier: Apache-2.0
// The part of CatalogueWriter that fills the tables of names.
#include <fcntl.h>

#include "publication/catalogue/catalogue_writer.h"

namespace ccm::publication {
namespace {

constexpr auto kInOrder = std::memory_order_release;
// The most used slots of every four: a fuller table makes searches long.
constexpr std::uint64_t kMostOf4 = 3;

// Gives the pages back. If the kernel refuses, they are filled with zeroes.
void clear_table(const CatalogueArea& area, int file, std::uint64_t offset, std::size_t table) {
  const std::uint64_t size = table_slots(table) * sizeof(NameSlot);
  if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                static_cast<off_t>(offset + table_offset(table)), static_cast<off_t>(size)) == 0) {
    return;
  }
  NameSlot* slots = area.slots(table);
  for (std::uint64_t i = 0; i < table_slots(table); ++i) {
    slots[i].hash.store(0, kInOrder);
    for (Word& reference : slots[i].references) reference.store(0, kInOrder);
  }
}

// The slot of the hash, or else a free slot for it.
NameSlot* slot_for(NameSlot* slots, std::uint64_t count, std::uint64_t hash) noexcept {
  NameSlot* vacant = nullptr;
  for (std::uint64_t i = 0; i < count; ++i) {
    NameSlot& slot = slots[(hash + i) & (count - 1)];
    const std::uint64_t seen = slot.hash.load(std::memory_order_relaxed);
    if (seen == hash) return &slot;
    if (seen == 0) return vacant != nullptr ? vacant : &slot;
    const bool is_unused = slot.references[0].load(std::memory_order_relaxed) == 0 &&
                           slot.references[1].load(std::memory_order_relaxed) == 0;
    if (is_unused && vacant == nullptr) vacant = &slot;
  }
  return vacant;
}

// The hash is written last, so that a reader that sees it in a new slot also sees the references. A
// reader that sees the references of another name checks the hash again.
bool fill_slot(NameSlot& slot, std::uint64_t hash, const References& references) noexcept {
  const std::uint64_t before = slot.hash.load(std::memory_order_relaxed);
  if (before != 0 && before != hash) slot.hash.store(hash, kInOrder);
  for (std::size_t key = 0; key < kKeySlots; ++key) {
    slot.references[key].store(references[key], kInOrder);
  }
  if (before == 0) slot.hash.store(hash, kInOrder);
  return before == 0;
}

}  // namespace

// So that set_slot() finds a place for that many more names.
Result<void> CatalogueWriter::make_room(std::size_t names) {
  const std::size_t table = area_.head().table.load(std::memory_order_relaxed);
  if (used_slots_ == 0) {
    auto room = reserve(table_offset(table), table_slots(table) * sizeof(NameSlot));
    if (!room) return room;
  }
  if ((used_slots_ + names) * 4 <= table_slots(table) * kMostOf4) return {};
  for (std::size_t other = 0; other < kTables; ++other) {
    if (other == table || (by_hash_.size() + names) * 2 > table_slots(other)) continue;
    return rebuild(other);
  }
  return fail(ErrorKind::rejected, "the catalogue has too many names");
}

Result<void> CatalogueWriter::rebuild(std::size_t table) {
  const std::size_t before = area_.head().table.load(std::memory_order_relaxed);
  clear_table(area_, place_.file, place_.offset, table);
  auto room = reserve(table_offset(table), table_slots(table) * sizeof(NameSlot));
  if (!room) return room;
  NameSlot* slots = area_.slots(table);
  used_slots_ = by_hash_.size();
  for (const auto& [hash, candidates] : by_hash_) {
    fill_slot(*slot_for(slots, table_slots(table), hash), hash, best(candidates));
  }
  area_.head().table.store(table, kInOrder);
  clear_table(area_, place_.file, place_.offset, before);
  return {};
}

void CatalogueWriter::set_slot(std::uint64_t hash, const References& references) {
  const std::size_t table = area_.head().table.load(std::memory_order_relaxed);
  NameSlot* slot = slot_for(area_.slots(table), table_slots(table), hash);
  if (slot == nullptr) return;
  const bool is_known = slot->hash.load(std::memory_order_relaxed) == hash;
  if (!is_known && references == References{}) return;
  if (fill_slot(*slot, hash, references)) ++used_slots_;
}

}  // namespace ccm::publication
