// SPDX-License-Identifier: Apache-2.0
#include "publication/catalogue/asked_names.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

namespace ccm::publication {
namespace {

constexpr std::size_t kBitsInWord = 64;

// Names that the ring has room for and a catalogue can have.
bool may_be_host(std::string_view name) noexcept {
  if (name.size() < 3 || name.size() >= kAskedNameSize) return false;
  const bool has_dot = name.find('.', 1) != std::string_view::npos;
  return has_dot && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                  c == '_';
         });
}

}  // namespace

Result<AskedNames> AskedNames::map(int segment, std::uint64_t offset) {
  void* area = mmap(nullptr, kAskedSize, PROT_READ | PROT_WRITE, MAP_SHARED, segment,
                    static_cast<off_t>(offset));
  if (area == MAP_FAILED) {
    return fail(system_error("map what workers tell of a catalogue", errno));
  }
  return AskedNames(static_cast<AskedArea*>(area));
}

AskedNames::AskedNames(AskedNames&& other) noexcept
    : area_(std::exchange(other.area_, nullptr)), taken_(other.taken_) {}

AskedNames& AskedNames::operator=(AskedNames&& other) noexcept {
  std::swap(area_, other.area_);
  std::swap(taken_, other.taken_);
  return *this;
}

AskedNames::~AskedNames() {
  if (area_ != nullptr) munmap(area_, kAskedSize);
}

void AskedNames::tell(std::string_view name) noexcept {
  if (area_ == nullptr || !may_be_host(name)) return;
  const std::uint64_t number = area_->next.fetch_add(1, std::memory_order_relaxed);
  AskedArea::Slot& slot = area_->slots[number % kAskedSlots];
  slot.ticket.store(0, std::memory_order_relaxed);
  const std::size_t words = name.size() / sizeof(Word) + 1;
  for (std::size_t i = 0; i < words; ++i) {
    const std::size_t at = i * sizeof(Word);
    std::uint64_t value = 0;
    std::memcpy(&value, name.data() + at, std::min(sizeof value, name.size() - at));
    slot.words[i].store(value, std::memory_order_release);
  }
  slot.ticket.store(number + 1, std::memory_order_release);
}

// FNV-1a, which gives the same result in every process.
std::size_t AskedNames::bit_of(std::string_view entry) noexcept {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : entry) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return static_cast<std::size_t>((hash ^ hash >> 32U) % kAskedBits);
}

void AskedNames::touch(std::size_t bit) noexcept {
  if (area_ == nullptr) return;
  auto& table = area_->bits[area_->period.load(std::memory_order_relaxed) % kAskedPeriods];
  Word& word = table[bit / kBitsInWord];
  const std::uint64_t mask = std::uint64_t{1} << bit % kBitsInWord;
  if ((word.load(std::memory_order_relaxed) & mask) != 0) return;
  word.fetch_or(mask, std::memory_order_relaxed);
}

std::vector<std::string> AskedNames::take() {
  if (area_ == nullptr) return {};
  const std::uint64_t end = area_->next.load(std::memory_order_acquire);
  if (end == taken_) return {};
  // A worker may have written any number here.
  if (end < taken_ || end - taken_ > kAskedSlots)
    taken_ = end - std::min(end, std::uint64_t{kAskedSlots});
  std::set<std::string> names;
  for (; taken_ != end; ++taken_) {
    const AskedArea::Slot& slot = area_->slots[taken_ % kAskedSlots];
    if (slot.ticket.load(std::memory_order_acquire) != taken_ + 1) continue;
    std::array<char, kAskedNameSize> text{};
    for (std::size_t i = 0; i < slot.words.size(); ++i) {
      const std::uint64_t value = slot.words[i].load(std::memory_order_acquire);
      std::memcpy(text.data() + i * sizeof value, &value, sizeof value);
    }
    if (slot.ticket.load(std::memory_order_acquire) != taken_ + 1) continue;
    const std::string_view name(text.data(), strnlen(text.data(), text.size()));
    if (may_be_host(name)) names.emplace(name);
  }
  return {names.begin(), names.end()};
}

bool AskedNames::was_asked_for(std::string_view entry) const noexcept {
  if (area_ == nullptr) return false;
  const std::size_t bit = bit_of(entry);
  const std::uint64_t mask = std::uint64_t{1} << bit % kBitsInWord;
  return std::any_of(area_->bits.begin(), area_->bits.end(), [&](const auto& table) {
    return (table[bit / kBitsInWord].load(std::memory_order_relaxed) & mask) != 0;
  });
}

void AskedNames::turn() noexcept {
  if (area_ == nullptr) return;
  const std::uint64_t period = area_->period.load(std::memory_order_relaxed) + 1;
  for (Word& word : area_->bits[period % kAskedPeriods]) word.store(0, std::memory_order_relaxed);
  area_->period.store(period, std::memory_order_relaxed);
}

}  // namespace ccm::publication
