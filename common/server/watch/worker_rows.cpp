// SPDX-License-Identifier: Apache-2.0
#include "server/watch/worker_rows.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ccm::server {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::uint64_t kPause = 60;  // seconds

// Workers share an account, so a process of another account that has this number is not our worker.
bool lives(pid_t worker) noexcept {
  return worker != 0 && kill(worker, 0) == 0;
}

}  // namespace

std::string_view reason_of(Count failure) noexcept {
  switch (failure) {
    case Count::no_certificate:
      return "no_certificate";
    case Count::unusable_certificate:
      return "unusable_certificate";
    case Count::sent_handshake_failure:
      return "server_handshake_failure";
    case Count::sent_protocol_version:
      return "server_protocol_version";
    case Count::sent_other:
      return "server_other";
    case Count::got_bad_certificate:
      return "client_bad_certificate";
    case Count::got_certificate_expired:
      return "client_certificate_expired";
    case Count::got_certificate_unknown:
      return "client_certificate_unknown";
    case Count::got_unknown_ca:
      return "client_unknown_ca";
    case Count::got_other:
      return "client_other";
    default:
      return "";
  }
}

std::size_t WorkerRows::stride(std::uint32_t slots) noexcept {
  const std::size_t size = sizeof(Row) + std::size_t{slots} * sizeof(Cell);
  return (size + kCacheLine - 1) / kCacheLine * kCacheLine;
}

WorkerRows::Row& WorkerRows::row(std::uint32_t index) const noexcept {
  auto* base = reinterpret_cast<std::byte*>(head_) + kCacheLine;
  return *reinterpret_cast<Row*>(base + index * stride(slots_));
}

Result<void> WorkerRows::attach(Kept& kept, std::uint64_t segment, std::uint32_t slots) {
  static_assert(sizeof(Head) <= kCacheLine);
  const std::size_t size = kCacheLine + kRows * stride(slots);
  slots_ = slots;
  if (kept.memory != nullptr && kept.segment == segment && kept.size == size) {
    head_ = static_cast<Head*>(kept.memory);
    return {};
  }
  // The memory begins as zeroes, and only touched pages cost memory.
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return fail(system_error("make memory for what workers count", errno));
  Counts before{};
  if (kept.memory != nullptr) {
    // The earlier configuration may have had another number of slots.
    WorkerRows old;
    old.head_ = static_cast<Head*>(kept.memory);
    const std::size_t its_stride = (kept.size - kCacheLine) / kRows;
    old.slots_ = static_cast<std::uint32_t>((its_stride - sizeof(Row)) / sizeof(Cell));
    before = old.sums();
    munmap(kept.memory, kept.size);
  }
  kept = {.memory = memory, .size = size, .segment = segment};
  head_ = static_cast<Head*>(memory);
  for (std::size_t i = 0; i < kCounts; ++i) row(0).counts[i].store(before[i], kRelaxed);
  head_->used.store(1, kRelaxed);
  return {};
}

bool WorkerRows::take(std::uint32_t index, pid_t self) noexcept {
  Row& mine = row(index);
  pid_t before = mine.pid.load(kRelaxed);
  if (lives(before) || !mine.pid.compare_exchange_strong(before, self)) return false;
  std::uint32_t used = head_->used.load(kRelaxed);
  while (used <= index && !head_->used.compare_exchange_weak(used, index + 1)) continue;
  Cell* generations = generations_of(mine);
  for (std::uint32_t slot = 0; before != 0 && slot < slots_; ++slot) {
    generations[slot].store(0, kRelaxed);
  }
  row_ = &mine;
  return true;
}

void WorkerRows::enter() noexcept {
  if (head_ == nullptr) return;
  const pid_t self = getpid();
  for (std::uint32_t index = 1; index < kRows; ++index) {
    if (take(index, self)) return;
  }
  row_ = &row(0);
}

// The process id stays, so that take() can clear the generations later.
void WorkerRows::leave() noexcept {
  row_ = nullptr;
}

void WorkerRows::shows(std::uint32_t slot, std::uint64_t generation) noexcept {
  if (row_ == nullptr || slot >= slots_ || row_ == &row(0)) return;
  Cell& cell = generations_of(*row_)[slot];
  std::uint64_t before = cell.load(kRelaxed);
  while (before < generation && !cell.compare_exchange_weak(before, generation, kRelaxed)) continue;
}

bool WorkerRows::may_say_again(SteadyTime now) noexcept {
  if (head_ == nullptr) return false;
  const auto second = static_cast<std::uint64_t>(
      std::chrono::duration_cast<Seconds>(now.time_since_epoch()).count());
  std::uint64_t said = head_->said.load(kRelaxed);
  return (said == 0 || second - said >= kPause) &&
         head_->said.compare_exchange_strong(said, std::max<std::uint64_t>(second, 1), kRelaxed);
}

std::vector<WorkerRows::Worker> WorkerRows::workers() const {
  std::vector<Worker> all;
  const std::uint32_t used = head_ == nullptr ? 0 : head_->used.load(kRelaxed);
  for (std::uint32_t index = 1; index < used; ++index) {
    Row& each = row(index);
    Worker worker{.pid = each.pid.load(kRelaxed)};
    if (!lives(worker.pid)) continue;
    for (std::size_t i = 0; i < kCounts; ++i) worker.counts[i] = each.counts[i].load(kRelaxed);
    worker.generations = generations_of(each);
    all.push_back(worker);
  }
  return all;
}

Counts WorkerRows::sums() const noexcept {
  Counts all{};
  const std::uint32_t used = head_ == nullptr ? 0 : head_->used.load(kRelaxed);
  for (std::uint32_t index = 0; index < used; ++index) {
    for (std::size_t i = 0; i < kCounts; ++i) all[i] += row(index).counts[i].load(kRelaxed);
  }
  return all;
}

}  // namespace ccm::server
