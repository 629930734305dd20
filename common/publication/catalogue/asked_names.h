// SPDX-License-Identifier: Apache-2.0
// What workers tell the agent of a catalogue: names that clients ask for and it lacks, and which of
// its certificates are asked for. The only part of the segment (layout.h) that workers may write;
// nothing in it is believed: the agent takes each name for what a client may have made up.
//
// A name goes into a ring, in the place of the oldest one. A reader that is too late, or meets a
// slot that is being written, misses the name; a client that asks again brings it back. The
// certificates are bits of a table, by the hash of the entry's name, of two periods: that which is
// running and the one before. Two entries may share a bit, which only makes the one look asked for
// as well.
//
// Mapped by the master before it forks, and by the agent. Any thread of a worker; take() and turn()
// are one thread's of the agent. Nobody waits for anybody.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "publication/layout.h"

namespace ccm::publication {

// A name of DNS and its end.
inline constexpr std::size_t kAskedNameSize = 256;
inline constexpr std::size_t kAskedSlots = 1024;
inline constexpr std::size_t kAskedBits = std::size_t{1} << 20U;
inline constexpr std::size_t kAskedPeriods = 2;

struct AskedArea {
  struct Slot {
    Word ticket;  // one more than the number of the name; 0: it is being written
    std::array<Word, kAskedNameSize / sizeof(Word)> words;
  };
  Word next;    // the number of the next name
  Word period;  // its lowest bit says which table is that of the running period
  std::array<Word, 6> reserved;
  std::array<std::array<Word, kAskedBits / 64>, kAskedPeriods> bits;
  std::array<Slot, kAskedSlots> slots;
};

inline constexpr std::size_t kAskedSize =
    (sizeof(AskedArea) + kAlignment - 1) / kAlignment * kAlignment;

class AskedNames {
 public:
  // Does nothing.
  AskedNames() = default;
  // `segment` may be written; the area begins at `offset`.
  static Result<AskedNames> map(int segment, std::uint64_t offset);
  AskedNames(AskedNames&& other) noexcept;
  AskedNames& operator=(AskedNames&& other) noexcept;
  ~AskedNames();

  // In a worker. What no host can be called is left out.
  void tell(std::string_view lower_case_name) noexcept;
  static std::size_t bit_of(std::string_view entry) noexcept;
  void touch(std::size_t bit) noexcept;

  // In the agent: what was told since the last time, each name once.
  std::vector<std::string> take();
  // Whether somebody asked for this entry in the running period or the one before.
  bool was_asked_for(std::string_view entry) const noexcept;
  // Begins another period.
  void turn() noexcept;

 private:
  explicit AskedNames(AskedArea* area) noexcept : area_(area) {}

  AskedArea* area_ = nullptr;
  std::uint64_t taken_ = 0;
};

}  // namespace ccm::publication
