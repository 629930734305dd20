// SPDX-License-Identifier: Apache-2.0
// What workers tell the agent about a catalogue: names that clients ask for and it lacks, and which
// of its certificates are asked for. This is the only part of the segment (layout.h) that workers
// may write. Nothing in it is believed: any name may have been made up by a client.
//
// A name goes into a ring, in the place of the oldest one. A reader that is too late, or meets a
// slot that is being written, misses the name; a client that asks again brings it back. The
// certificates are bits of a table, chosen by the hash of the entry's name. There is a table for
// the running period and one for the period before. Two entries may share a bit; then one seems to
// be asked for when the other is.
//
// Mapped by the master before it forks, and by the agent. Any thread of a worker; take() and turn()
// belong to one thread of the agent. Nobody waits for anybody.
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

// The longest DNS name and its terminating zero.
inline constexpr std::size_t kAskedNameSize = 256;
inline constexpr std::size_t kAskedSlots = 1024;
inline constexpr std::size_t kAskedBits = std::size_t{1} << 20U;
inline constexpr std::size_t kAskedPeriods = 2;

struct AskedArea {
  struct Slot {
    Word ticket;  // the number of the name, plus one; 0: it is being written
    std::array<Word, kAskedNameSize / sizeof(Word)> words;
  };
  Word next;    // the number of the next name
  Word period;  // its lowest bit chooses the table of the running period
  std::array<Word, 6> reserved;
  std::array<std::array<Word, kAskedBits / 64>, kAskedPeriods> bits;
  std::array<Slot, kAskedSlots> slots;
};

inline constexpr std::size_t kAskedSize =
    (sizeof(AskedArea) + kAlignment - 1) / kAlignment * kAlignment;

class AskedNames {
 public:
  // An object that does nothing.
  AskedNames() = default;
  // `segment` may be written; the area begins at `offset`.
  static Result<AskedNames> map(int segment, std::uint64_t offset);
  AskedNames(AskedNames&& other) noexcept;
  AskedNames& operator=(AskedNames&& other) noexcept;
  ~AskedNames();

  // Called in a worker. Leaves out names that no host can have.
  void tell(std::string_view lower_case_name) noexcept;
  static std::size_t bit_of(std::string_view entry) noexcept;
  void touch(std::size_t bit) noexcept;

  // Called in the agent: the names since the last call, each once.
  std::vector<std::string> take();
  // Whether somebody asked for this entry in the running period or the one before.
  bool was_asked_for(std::string_view entry) const noexcept;
  // Begins a new period.
  void turn() noexcept;

 private:
  explicit AskedNames(AskedArea* area) noexcept : area_(area) {}

  AskedArea* area_ = nullptr;
  std::uint64_t taken_ = 0;
};

}  // namespace ccm::publication
