// SPDX-License-Identifier: Apache-2.0
// Which parts of a catalogue's heap are free. take() uses the smallest part that fits; free
// neighbours are merged. Works with offsets in bytes and touches no memory. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace ccm::publication {

class HeapSpace {
 public:
  // `used`: how far the heap has been used. Everything below counts as taken.
  HeapSpace(std::uint64_t used, std::uint64_t limit) : used_(used), limit_(limit) {}

  // nullopt: the heap is full.
  std::optional<std::uint64_t> take(std::uint64_t size);
  void give_back(std::uint64_t offset, std::uint64_t size);
  std::uint64_t used() const noexcept { return used_; }

 private:
  void add(std::uint64_t offset, std::uint64_t size);
  void remove(std::uint64_t offset, std::uint64_t size);

  std::map<std::uint64_t, std::uint64_t> by_offset_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> by_size_;
  std::uint64_t used_;
  std::uint64_t limit_;
};

}  // namespace ccm::publication
