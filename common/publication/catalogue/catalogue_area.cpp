// SPDX-License-Identifier: Apache-2.0
#include "publication/catalogue/catalogue_area.h"

#include <algorithm>
#include <cstring>

namespace ccm::publication {
namespace {

constexpr std::size_t kBlockHead = sizeof(Word);
// Each failed attempt means that the writer has replaced a whole table meanwhile.
constexpr unsigned kMostSearches = 4;

std::uint64_t number_of(std::uint64_t reference) noexcept {
  return reference >> 32U;
}

enum class Searched : std::uint8_t { found, missing, changed };

Searched search(const NameSlot* slots, std::uint64_t count, std::uint64_t hash,
                References& found) noexcept {
  for (std::uint64_t i = 0; i < count; ++i) {
    const NameSlot& slot = slots[(hash + i) & (count - 1)];
    const std::uint64_t seen = slot.hash.load(std::memory_order_acquire);
    if (seen == 0) return Searched::missing;
    if (seen != hash) continue;
    for (std::size_t key = 0; key < kKeySlots; ++key) {
      found[key] = slot.references[key].load(std::memory_order_acquire);
    }
    // The slot may belong to another name by now.
    const bool is_same = slot.hash.load(std::memory_order_acquire) == hash;
    return is_same ? Searched::found : Searched::changed;
  }
  return Searched::missing;
}

}  // namespace

std::string_view CatalogueArea::name() const noexcept {
  const auto& text = head().name;
  return {text.data(), strnlen(text.data(), text.size())};
}

References CatalogueArea::find(std::uint64_t hash) const noexcept {
  for (unsigned attempt = 0; attempt < kMostSearches; ++attempt) {
    const std::uint64_t table = head().table.load(std::memory_order_acquire);
    if (table >= kTables) break;
    References found{};
    const Searched end = search(slots(table), table_slots(table), hash, found);
    if (end == Searched::found) return found;
    const bool is_same = head().table.load(std::memory_order_acquire) == table;
    if (end == Searched::missing && is_same) break;
  }
  return {};
}

std::optional<std::uint64_t> CatalogueArea::length_of(std::uint64_t reference) const noexcept {
  const std::uint64_t offset = offset_of(reference);
  if (reference == 0 || offset > kHeapSize - kBlockUnit) return std::nullopt;
  const std::uint64_t first = heap(offset)->load(std::memory_order_acquire);
  const std::uint64_t length = first & 0xffffffffU;
  if (number_of(first) != number_of(reference)) return std::nullopt;
  if (length > kBufferSize || length > kHeapSize - kBlockHead - offset) return std::nullopt;
  return length;
}

std::uint64_t CatalogueArea::size_of(std::uint64_t reference) const noexcept {
  const auto length = length_of(reference);
  if (!length) return 0;
  return (*length + kBlockHead + kBlockUnit - 1) / kBlockUnit * kBlockUnit;
}

std::optional<Secret> CatalogueArea::copy_out(std::uint64_t reference) const {
  const auto length = length_of(reference);
  if (!length) return std::nullopt;
  Secret copy = Secret::of_size(*length);
  const std::span<std::byte> bytes = copy.mutable_bytes();
  const Word* word = heap(offset_of(reference)) + 1;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(Word), ++word) {
    const std::uint64_t value = word->load(std::memory_order_acquire);
    std::memcpy(&bytes[at], &value, std::min(sizeof value, bytes.size() - at));
  }
  // Wiping a block clears its first word first.
  if (length_of(reference) != length) return std::nullopt;
  return copy;
}

void CatalogueArea::write(std::uint64_t reference,
                          std::span<const std::byte> bytes) const noexcept {
  Word* word = heap(offset_of(reference));
  word->store(number_of(reference) << 32U | bytes.size(), std::memory_order_release);
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(Word)) {
    std::uint64_t value = 0;
    std::memcpy(&value, &bytes[at], std::min(sizeof value, bytes.size() - at));
    (++word)->store(value, std::memory_order_release);
  }
}

void CatalogueArea::wipe_heap(std::uint64_t offset, std::uint64_t size) const noexcept {
  Word* word = heap(offset);
  for (std::uint64_t at = 0; at < size; at += sizeof(Word), ++word) {
    word->store(0, std::memory_order_release);
  }
}

}  // namespace ccm::publication
