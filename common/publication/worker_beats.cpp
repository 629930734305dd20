// SPDX-License-Identifier: Apache-2.0
#include "publication/worker_beats.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <new>
#include <utility>

#include "base/memory_file.h"

namespace ccm::publication {
namespace {

constexpr std::uint64_t kBeatsMagic = 0x3130544145424343;  // "CCBEAT01"

std::int64_t nanoseconds(SteadyTime time) noexcept {
  return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

struct flock row_lock(std::uint32_t index) noexcept {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(index);
  lock.l_len = 1;
  return lock;
}

}  // namespace

struct WorkerBeats::Header {
  std::uint64_t magic;
  std::atomic<std::uint32_t> used;  // rows that were taken at any time
};

struct WorkerBeats::Row {
  std::atomic<std::int64_t> beat;  // nanoseconds of the steady clock
  std::atomic<pid_t> pid;
};

namespace {

constexpr std::size_t kRowsAt = 64;

}  // namespace

Result<FileDescriptor> WorkerBeats::create(const std::string& last_resort) {
  static_assert(std::atomic<std::int64_t>::is_always_lock_free, "different processes write");
  static_assert(sizeof(Header) <= kRowsAt);
  constexpr std::string_view kActivity = "make memory for the workers' signs of life";
  auto made = make_memory_file("ccm-workers", last_resort);
  if (!made) return fail_with(std::move(made), kActivity);
  const std::size_t size = kRowsAt + kRows * sizeof(Row);
  const std::uint64_t magic = kBeatsMagic;
  if (ftruncate(made->file.get(), static_cast<off_t>(size)) != 0 ||
      pwrite(made->file.get(), &magic, sizeof magic, 0) != static_cast<ssize_t>(sizeof magic)) {
    return fail(system_error(std::string(kActivity), errno));
  }
  // A file on disk takes no seals, but only the server's own processes can write to it.
  static_cast<void>(
      fcntl(made->file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW));
  return std::move(made->file);
}

Result<WorkerBeats> WorkerBeats::open(int file) {
  constexpr std::size_t kSize = kRowsAt + kRows * sizeof(Row);
  struct stat status = {};
  if (fstat(file, &status) != 0) return fail(system_error("look at the workers' signs", errno));
  if (!S_ISREG(status.st_mode) || static_cast<std::size_t>(status.st_size) != kSize) {
    return fail(ErrorKind::invalid, "there is no memory for the workers' signs of life");
  }
  FileDescriptor own(fcntl(file, F_DUPFD_CLOEXEC, 0));
  if (!own) return fail(system_error("keep the memory of the workers' signs", errno));
  void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, own.get(), 0);
  if (memory == MAP_FAILED) return fail(system_error("map the workers' signs", errno));
  WorkerBeats beats(std::move(own), static_cast<std::byte*>(memory));
  if (beats.header().magic != kBeatsMagic) {
    return fail(ErrorKind::invalid, "the workers' signs of life are another release's");
  }
  return beats;
}

WorkerBeats::WorkerBeats(FileDescriptor file, std::byte* base) noexcept
    : file_(std::move(file)), base_(base) {}

WorkerBeats::WorkerBeats(WorkerBeats&& other) noexcept
    : file_(std::move(other.file_)),
      base_(std::exchange(other.base_, nullptr)),
      row_(std::exchange(other.row_, nullptr)),
      owner_(other.owner_) {}

WorkerBeats& WorkerBeats::operator=(WorkerBeats&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(base_, other.base_);
  std::swap(row_, other.row_);
  std::swap(owner_, other.owner_);
  return *this;
}

WorkerBeats::~WorkerBeats() {
  if (base_ != nullptr) munmap(base_, kRowsAt + kRows * sizeof(Row));
}

WorkerBeats::Header& WorkerBeats::header() const noexcept {
  return *reinterpret_cast<Header*>(base_);
}

WorkerBeats::Row& WorkerBeats::row(std::uint32_t index) const noexcept {
  return *reinterpret_cast<Row*>(base_ + kRowsAt + index * sizeof(Row));
}

// The number of the process is written last, so that a reader that sees it also sees the sign of
// life.
void WorkerBeats::take(SteadyTime now) noexcept {
  owner_ = getpid();
  for (std::uint32_t index = 0; index < kRows; ++index) {
    struct flock lock = row_lock(index);
    if (fcntl(file_.get(), F_SETLK, &lock) != 0) continue;
    row_ = &row(index);
    row_->beat.store(nanoseconds(now), std::memory_order_relaxed);
    row_->pid.store(owner_, std::memory_order_release);
    std::uint32_t used = header().used.load();
    while (used <= index && !header().used.compare_exchange_weak(used, index + 1)) continue;
    return;
  }
}

void WorkerBeats::beat(SteadyTime now) noexcept {
  if (owner_ != getpid()) {
    row_ = nullptr;
    take(now);
  }
  if (row_ != nullptr) row_->beat.store(nanoseconds(now), std::memory_order_relaxed);
}

// A process does not see its own locks as taken, so the caller is never among the others. A lock
// that belongs to no process has the number -1, and a worker may have written that number.
bool WorkerBeats::is_held_by(std::uint32_t index, pid_t worker) const noexcept {
  struct flock lock = row_lock(index);
  return worker > 1 && fcntl(file_.get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK &&
         lock.l_pid == worker;
}

std::vector<WorkerSign> WorkerBeats::workers(SteadyTime now, Seconds silence) const {
  std::vector<WorkerSign> all;
  const auto silence_of = [now](const Row& row) {
    const SteadyTime beat(std::chrono::nanoseconds(row.beat.load(std::memory_order_relaxed)));
    return std::max(std::chrono::duration_cast<Seconds>(now - beat), Seconds(0));
  };
  const std::uint32_t used = std::min(header().used.load(), kRows);
  for (std::uint32_t index = 0; index < used; ++index) {
    const Row& each = row(index);
    if (silence_of(each) < silence) continue;
    const pid_t worker = each.pid.load(std::memory_order_acquire);
    if (!is_held_by(index, worker)) continue;
    // Since the first look it may have given a sign, or another worker may have taken the row.
    const Seconds its_silence = silence_of(each);
    if (its_silence >= silence) all.push_back({.pid = worker, .silence = its_silence});
  }
  return all;
}

}  // namespace ccm::publication
