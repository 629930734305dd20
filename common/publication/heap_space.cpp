// SPDX-License-Identifier: Apache-2.0
#include "publication/heap_space.h"

#include <iterator>

namespace ccm::publication {

void HeapSpace::add(std::uint64_t offset, std::uint64_t size) {
  by_offset_.emplace(offset, size);
  by_size_.emplace(size, offset);
}

void HeapSpace::remove(std::uint64_t offset, std::uint64_t size) {
  by_offset_.erase(offset);
  by_size_.erase({size, offset});
}

std::optional<std::uint64_t> HeapSpace::take(std::uint64_t size) {
  const auto found = by_size_.lower_bound({size, 0});
  if (found == by_size_.end()) {
    if (size > limit_ - used_) return std::nullopt;
    const std::uint64_t offset = used_;
    used_ += size;
    return offset;
  }
  const auto [whole, offset] = *found;
  remove(offset, whole);
  if (whole > size) add(offset + size, whole - size);
  return offset;
}

void HeapSpace::give_back(std::uint64_t offset, std::uint64_t size) {
  const auto after = by_offset_.lower_bound(offset);
  if (after != by_offset_.end() && after->first == offset + size) {
    const auto [next, more] = *after;
    remove(next, more);
    size += more;
  }
  const auto behind = by_offset_.lower_bound(offset);
  if (behind != by_offset_.begin()) {
    const auto [previous, less] = *std::prev(behind);
    if (previous + less == offset) {
      remove(previous, less);
      offset = previous;
      size += less;
    }
  }
  add(offset, size);
}

}  // namespace ccm::publication
