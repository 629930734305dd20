// SPDX-License-Identifier: Apache-2.0
#include "store/host/snapshot_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "base/file.h"
#include "base/handle.h"

namespace ccm::store {
namespace {

// A hundred thousand certificates with their chains.
constexpr std::size_t kLargestSnapshot = std::size_t{512} << 20U;
constexpr const char* kSnapshot = "snapshot";

FileDescriptor open_for_writing(const std::string& path, int flags) {
  return FileDescriptor(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags));
}

}  // namespace

std::string snapshot_path(const std::string& state_path) {
  return state_path + "/" + kSnapshot;
}

Result<Secret> read_snapshot(const std::string& state_path) {
  struct stat directory {};
  if (stat(state_path.c_str(), &directory) != 0) {
    return fail(system_error("read " + state_path, errno));
  }
  const std::array<uid_t, 1> owners{directory.st_uid};
  return read_secret_file_of(owners, snapshot_path(state_path), kLargestSnapshot);
}

Result<SnapshotPart> read_snapshot_part(const std::string& state_path, std::size_t at,
                                        std::size_t size) {
  const std::string path = snapshot_path(state_path);
  struct stat directory {};
  struct stat status {};
  const FileDescriptor file(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!file || fstat(file.get(), &status) != 0 || stat(state_path.c_str(), &directory) != 0 ||
      !S_ISREG(status.st_mode) || status.st_uid != directory.st_uid ||
      is_writable_by_others(status.st_mode)) {
    return fail(ErrorKind::rejected, path + ": there is none that can be believed");
  }
  const std::size_t total = std::min(static_cast<std::size_t>(status.st_size), kLargestSnapshot);
  SnapshotPart part{.content = {}, .file = status.st_ino, .total = total};
  if (at >= total || size == 0) return part;
  part.content = Secret::of_size(std::min(size, total - at));
  std::span<std::byte> room = part.content.mutable_bytes();
  while (!room.empty()) {
    const ssize_t count = pread(file.get(), room.data(), room.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(system_error("read " + path, count < 0 ? errno : EIO));
    room = room.subspan(static_cast<std::size_t>(count));
    at += static_cast<std::size_t>(count);
  }
  return part;
}

Result<void> replace_snapshot(const std::string& state_path, const Secret& content) {
  return write_file_atomically(snapshot_path(state_path), content.reveal());
}

Result<std::uint64_t> append_to_snapshot(const std::string& state_path, const Secret& content) {
  const std::string path = snapshot_path(state_path);
  const FileDescriptor file = open_for_writing(path, O_APPEND);
  struct stat before {};
  if (!file || fstat(file.get(), &before) != 0 || !S_ISREG(before.st_mode)) {
    return fail(ErrorKind::rejected, path + ": there is no such file");
  }
  std::span<const std::byte> rest = content.bytes();
  while (!rest.empty()) {
    const ssize_t count = write(file.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int number = count < 0 ? errno : ENOSPC;
      static_cast<void>(ftruncate(file.get(), before.st_size) != 0);
      return fail(system_error("write " + path, number));
    }
    rest = rest.subspan(static_cast<std::size_t>(count));
  }
  return static_cast<std::uint64_t>(before.st_size);
}

void wipe_in_snapshot(const std::string& state_path, std::uint64_t at, std::size_t size) noexcept {
  static constexpr std::array<char, 4096> kZeroes{};
  const FileDescriptor file = open_for_writing(snapshot_path(state_path), 0);
  while (file && size > 0) {
    const ssize_t count =
        pwrite(file.get(), kZeroes.data(), std::min(size, kZeroes.size()), static_cast<off_t>(at));
    if (count <= 0) return;
    at += static_cast<std::uint64_t>(count);
    size -= static_cast<std::size_t>(count);
  }
}

void remove_snapshot(const std::string& state_path) noexcept {
  static_cast<void>(unlink(snapshot_path(state_path).c_str()));
}

}  // namespace ccm::store
