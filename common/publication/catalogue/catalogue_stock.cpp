// SPDX-License-Identifier: Apache-2.0
// The part of CatalogueWriter that takes over what an earlier writer has left.
#include "publication/catalogue/catalogue_writer.h"

namespace ccm::publication {
namespace {

constexpr auto kStored = std::memory_order_release;
constexpr auto kNobodyElse = std::memory_order_relaxed;

}  // namespace

// What an earlier writer left. The numbers of entries and names in the head are for people only, so
// the end is found by looking: entries are filled from the first one.
void CatalogueWriter::take_stock() {
  const std::uint64_t listed = area_.head().certificates.load(kNobodyElse);
  std::uint64_t found = 0;
  std::uint32_t empty = 0;
  constexpr std::uint32_t kGap = 512;  // indexes that are free are taken first, so gaps are short
  for (std::uint32_t index = 0; index < kMostCatalogued; ++index) {
    if (area_.entry(index).load(kNobodyElse) == 0) {
      if (++empty > kGap && found >= listed) break;
      continue;
    }
    empty = 0;
    ++found;
    for (; next_index_ < index; ++next_index_) free_indexes_.push_back(next_index_);
    next_index_ = index + 1;
    take_entry(index);
  }
  free_the_rest();
  mend_table();
  count();
}

void CatalogueWriter::take_entry(std::uint32_t index) {
  const std::uint64_t reference = area_.entry(index).load(kNobodyElse);
  const auto bytes = area_.copy_out(reference);
  auto block = bytes ? decode_block(bytes->bytes()) : fail(ErrorKind::invalid, "");
  const bool is_good = block && !items_.contains(block->facts.entry);
  if (!is_good) {
    area_.entry(index).store(0, kStored);
    free_indexes_.push_back(index);
    return;
  }
  use_chain(block->facts.chain);
  const auto [added, is_new] = items_.emplace(
      block->facts.entry, Item{.index = index, .reference = reference, .facts = block->facts});
  for (const std::string& name : added->second.facts.names) list(hash_of(name), added->second);
}

void CatalogueWriter::use_chain(std::uint64_t reference) {
  if (reference == 0) return;
  const auto known = chain_digests_.find(reference);
  if (known != chain_digests_.end()) {
    ++chains_[known->second].users;
    return;
  }
  const auto bytes = area_.copy_out(reference);
  if (!bytes) return;
  const crypto::Sha256& digest = digest_of(*bytes);
  chain_digests_.emplace(reference, digest);
  chains_[digest] = {.reference = reference, .users = 1};
}

// A writer that died may have left anything between the used blocks, even keys.
void CatalogueWriter::free_the_rest() {
  std::map<std::uint64_t, std::uint64_t> taken;
  for (const auto& [entry, item] : items_) {
    taken.emplace(offset_of(item.reference), area_.size_of(item.reference));
  }
  for (const auto& [digest, chain] : chains_) {
    taken.emplace(offset_of(chain.reference), area_.size_of(chain.reference));
  }
  std::uint64_t end = 0;
  const auto free_up_to = [&](std::uint64_t offset) {
    if (offset <= end) return;
    area_.wipe_heap(end, offset - end);
    space_.give_back(end, offset - end);
  };
  for (const auto& [offset, size] : taken) {
    free_up_to(offset);
    end = std::max(end, offset + size);
  }
  free_up_to(space_.used());
}

// Corrects slots that refer to something that has gone, or not to the best certificate any more.
void CatalogueWriter::mend_table() {
  const std::size_t table = area_.head().table.load(kNobodyElse);
  std::unordered_map<std::uint64_t, References> wanted;
  for (const auto& [hash, candidates] : by_hash_) wanted[hash] = best(candidates);
  NameSlot* slots = area_.slots(table);
  for (std::uint64_t i = 0; i < table_slots(table); ++i) {
    const std::uint64_t hash = slots[i].hash.load(kNobodyElse);
    if (hash == 0) continue;
    ++used_slots_;
    const auto found = wanted.find(hash);
    const References references = found == wanted.end() ? References{} : found->second;
    for (std::size_t key = 0; key < kKeySlots; ++key) {
      if (slots[i].references[key].load(kNobodyElse) == references[key]) continue;
      slots[i].references[key].store(references[key], kStored);
    }
    wanted.erase(hash);
  }
  if (!make_room(wanted.size())) return;
  for (const auto& [hash, references] : wanted) set_slot(hash, references);
}

}  // namespace ccm::publication
