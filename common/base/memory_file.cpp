// SPDX-License-Identifier: Apache-2.0
#include "base/memory_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/system_call_numbers.h"
#include "base/text.h"
#include "base/trial.h"

namespace ccm {
namespace {

constexpr const char* kOwnDescriptors = "/proc/self/fd";
// The largest number of descriptors that is assumed without /proc and without close_range.
constexpr int kMostDescriptors = 1 << 16;

// In memory; the first is everybody's, the second root's.
constexpr std::array<std::string_view, 2> kInMemory{"/dev/shm", "/run"};

void try_memfd() {
  static_cast<void>(syscall(SYS_memfd_create, "ccm-trial", MFD_CLOEXEC));
}

// Not executable, as a host may require of every such file (vm.memfd_noexec, Linux 6.3). Older
// kernels do not know the flag.
int create_memfd(const char* name) noexcept {
  constexpr unsigned kNotExecutable = 0x0008U;  // MFD_NOEXEC_SEAL
  const int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | kNotExecutable);
  if (file >= 0 || errno != EINVAL) return file;
  return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

Result<FileDescriptor> make_memfd(const char* name) {
  constexpr std::string_view kCall = "memfd_create";
  if (is_deadly(try_memfd)) {
    return fail(ErrorKind::internal,
                fmt::format("{}: the system kills a process that calls it", kCall));
  }
  FileDescriptor memory(create_memfd(name));
  if (!memory) return fail(system_error(kCall, errno));
  return memory;
}

// Nobody else sees it by name for longer than these calls take, and only its owner could open it.
bool make_in(std::string_view directory, MemoryFile& made) {
  std::string path = fmt::format("{}/.ccm-XXXXXX", directory);
  made.file = FileDescriptor(mkostemp(path.data(), O_CLOEXEC));
  if (!made.file) return false;
  if (!can_open_again()) {
    made.read_only = FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  }
  if (unlink(path.c_str()) != 0) return false;
  made.place = directory;
  return true;
}

// In the first place that takes it; when none does, the last one's error.
Result<void> make_in_some_place(const std::string& last_resort, MemoryFile& made) {
  for (const std::string_view place : kInMemory) {
    if (make_in(place, made)) return {};
  }
  const int number = errno;
  if (last_resort.empty()) return fail(system_error("no file in /dev/shm or /run", number));
  if (make_in(last_resort, made)) return {};
  return fail(
      system_error(fmt::format("no file in /dev/shm, /run or {}", printable(last_resort)), errno));
}

struct DirectoryEntry {  // what getdents64 writes
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t size;
  std::uint8_t type;
  char name[1];
};

int number_of(const char* name) noexcept {
  int number = 0;
  for (; *name >= '0' && *name <= '9'; ++name) number = number * 10 + (*name - '0');
  return *name == '\0' ? number : -1;
}

// True when all descriptors that /proc lists were closed.
bool close_listed(int first) noexcept {
  const int directory = open(kOwnDescriptors, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;
  alignas(DirectoryEntry) std::array<char, 4096> buffer;
  for (;;) {
    const long count = syscall(SYS_getdents64, directory, buffer.data(), buffer.size());
    if (count <= 0) {
      close(directory);
      return count == 0;
    }
    for (long at = 0; at < count;) {
      const char* entry = buffer.data() + at;
      std::uint16_t size = 0;
      std::memcpy(&size, entry + offsetof(DirectoryEntry, size), sizeof size);
      const int number = number_of(entry + offsetof(DirectoryEntry, name));
      if (number >= first && number != directory) close(number);
      at += size;
    }
  }
}

void try_close_range() {
  static_cast<void>(syscall(calls::kCloseRange, ~0U, ~0U, 0U));
}

bool close_range_from(int first) noexcept {
  return !is_deadly(try_close_range) &&
         syscall(calls::kCloseRange, static_cast<unsigned>(first), ~0U, 0U) == 0;
}

}  // namespace

Result<MemoryFile> make_memory_file(const char* name, const std::string& last_resort) {
  Result<FileDescriptor> memory = make_memfd(name);
  // A memfd has no path, so without /proc it cannot be opened again for reading only.
  if (memory && can_open_again()) {
    return MemoryFile{.file = *std::move(memory), .read_only = {}, .place = {}, .reason = {}};
  }
  MemoryFile made{.file = {}, .read_only = {}, .place = {}, .reason = {}};
  made.reason = memory ? "there is no /proc" : memory.error().message();
  if (auto found = make_in_some_place(last_resort, made); !found) {
    return fail(ErrorKind::internal,
                fmt::format("{}, and {}", made.reason, found.error().message()));
  }
  return made;
}

bool can_open_again() noexcept {
  return access(kOwnDescriptors, X_OK) == 0;
}

Result<FileDescriptor> open_again_read_only(int file) {
  const std::string path = fmt::format("{}/{}", kOwnDescriptors, file);
  FileDescriptor again(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!again) return fail(system_error("opening " + path + " (is /proc mounted?)", errno));
  return again;
}

void close_descriptors_from(int first) noexcept {
  if (close_range_from(first) || close_listed(first)) return;
  rlimit limit{};
  const bool is_known = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  const int end = is_known ? static_cast<int>(std::min<rlim_t>(limit.rlim_cur, kMostDescriptors))
                           : kMostDescriptors;
  for (int number = first; number < end; ++number) close(number);
}

}  // namespace ccm
