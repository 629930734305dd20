// SPDX-License-Identifier: Apache-2.0
// Where the workers of a server count how handshakes end with a version that is tried out, and with
// the one that is current: memory of its own beside the segment, because workers can only read
// that. Made by the server's master for the certificates that have a canary; workers inherit the
// mapping and count without a lock; the agent gets the descriptor and reads.
//
//   Header | count × Row, sorted by name
//
// Counts only grow, from canary to canary; whoever reads remembers what stood there at its
// beginning. A worker that somebody else commands can write what it likes here, which can keep a
// new version back or let it pass, and nothing else.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/canary_tally.h"
#include "base/handle.h"
#include "base/result.h"

namespace ccm::publication {

// The name of the slot of the segment that has the version that is tried out. No certificate has
// such a name.
std::string canary_slot(std::string_view certificate);
// Only such a slot may be emptied again (Writer::withdraw).
bool is_canary_slot(std::string_view slot) noexcept;

class CanaryBoard {
 public:
  // The counts of one version, in cache lines of their own.
  struct alignas(64) Lane {
    std::array<std::atomic<std::uint64_t>, kCanaryCounts> counts;

    void add(CanaryCount count) noexcept {
      counts[static_cast<std::size_t>(count)].fetch_add(1, std::memory_order_relaxed);
    }
    CanarySide read() const noexcept;
  };
  struct Lanes {
    Lane current;
    Lane candidate;
  };

  // Names are sorted and made unique here. Close-on-exec.
  static Result<FileDescriptor> create(std::vector<std::string> names,
                                       const std::string& last_resort = {});
  enum class Access : bool { read, count };
  // `invalid` when it is no board of this release; /dev/null is none either.
  static Result<CanaryBoard> open(int file, Access access);

  CanaryBoard(CanaryBoard&& other) noexcept;
  CanaryBoard& operator=(CanaryBoard&& other) noexcept;
  ~CanaryBoard();

  // Differs for every memory.
  std::uint64_t id() const noexcept { return id_; }
  bool has_names(std::vector<std::string> names) const;
  // nullptr when there is no such certificate. They keep their address as long as this object
  // lives, even when it moves.
  Lanes* lanes(std::string_view name) const noexcept;
  CanaryTally read(std::string_view name) const noexcept;

 private:
  struct Header;
  struct Row;
  CanaryBoard(std::byte* base, std::size_t size, std::uint64_t id) noexcept
      : base_(base), size_(size), id_(id) {}
  std::size_t count() const noexcept;
  Row& row(std::size_t index) const noexcept;

  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t id_ = 0;
};

}  // namespace ccm::publication
