// SPDX-License-Identifier: Apache-2.0
// What the workers of one server count, in shared memory: each worker counts in a row of its own,
// without a lock, and any of them can read all rows. The master makes the memory when a
// configuration comes to life; workers inherit it by fork. A reload with the same certificates
// keeps the memory; any other reload passes the sums on. A worker's counts stay when it ends, so no
// sum ever falls.
//
//   Head | row 0 | row 1 | …      a row: its worker, the counts, the generation of each certificate
//
// Row 0 is shared by the workers that find no free row. It also has the sums from before the last
// reload.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ccm::server {

enum class Count : std::uint8_t {
  started,      // handshakes that have begun
  full,         // that succeeded, with a certificate
  resumed,      // that succeeded, without one
  placeholder,  // in which the placeholder was handed over
  stapled,      // in which an OCSP response was
  // handshakes in which a catalogue lacked the client's name, or the client sent none
  unknown_server_name,
  no_server_name,
  // Failures: no certificate to show, one that cannot be used, alerts of ours, alerts of clients.
  no_certificate,
  unusable_certificate,
  sent_handshake_failure,
  sent_protocol_version,
  sent_other,
  got_bad_certificate,
  got_certificate_expired,
  got_certificate_unknown,
  got_unknown_ca,
  got_other,
};
inline constexpr std::size_t kCounts = 17;
inline constexpr std::size_t kFirstFailure = static_cast<std::size_t>(Count::no_certificate);
// The word for a failure on the page and in the metrics: "client_unknown_ca".
std::string_view reason_of(Count failure) noexcept;

using Counts = std::array<std::uint64_t, kCounts>;

class WorkerRows {
 public:
  // What the master keeps from one configuration to the next; plain numbers.
  struct Kept {
    void* memory = nullptr;
    std::size_t size = 0;
    std::uint64_t segment = 0;  // the publication's number (inode) that the generations are of
  };
  // How many rows; a server with more workers has some share row 0.
  static constexpr std::uint32_t kRows = 1024;

  // Counts into nothing until attach().
  WorkerRows() = default;
  WorkerRows(const WorkerRows&) = delete;
  WorkerRows& operator=(const WorkerRows&) = delete;

  // In the master: uses the kept memory if it belongs to that publication; otherwise makes new
  // memory and passes the sums on.
  Result<void> attach(Kept& kept, std::uint64_t segment, std::uint32_t slots);
  // In a worker: enter() before it serves, leave() when it ends.
  void enter() noexcept;
  void leave() noexcept;

  void count(Count what) noexcept {
    if (row_ != nullptr) row_->counts[static_cast<std::size_t>(what)].fetch_add(1, kRelaxed);
  }
  // This worker shows that generation of the certificate from now on.
  void shows(std::uint32_t slot, std::uint64_t generation) noexcept;
  // True at most once a minute for all workers together.
  bool may_say_again(SteadyTime now) noexcept;

  struct Worker {
    pid_t pid = 0;
    Counts counts{};
    const std::atomic<std::uint64_t>* generations = nullptr;  // of each slot; 0: not asked for yet
  };
  // The workers that live.
  std::vector<Worker> workers() const;
  // The sums over all workers, also those that have ended.
  Counts sums() const noexcept;

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  using Cell = std::atomic<std::uint64_t>;
  static_assert(Cell::is_always_lock_free, "different processes count");

  struct Head {
    std::atomic<std::uint32_t> used;  // rows that were taken at any time
    Cell said;                        // the time of may_say_again(), in seconds of the steady clock
  };
  struct Row {
    std::atomic<pid_t> pid;
    std::array<Cell, kCounts> counts;
  };

  static std::size_t stride(std::uint32_t slots) noexcept;
  Row& row(std::uint32_t index) const noexcept;
  static Cell* generations_of(Row& row) noexcept { return reinterpret_cast<Cell*>(&row + 1); }
  bool take(std::uint32_t index, pid_t self) noexcept;

  Head* head_ = nullptr;
  std::uint32_t slots_ = 0;
  Row* row_ = nullptr;
};

}  // namespace ccm::server
