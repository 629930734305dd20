// SPDX-License-Identifier: Apache-2.0
#include "store/host/state_room.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/handle.h"
#include "base/write_all.h"

namespace ccm::store {
namespace {

// A version has six files and a directory, and each of them at least a block.
constexpr std::uint64_t kLeastBytes = 32U << 10U;
constexpr std::uint64_t kLeastFiles = 8;

}  // namespace

// After some errors a disk only looks writable, and no number tells how much of a quota is left. So
// this tries to write.
int look_for_refusal(const std::string& path) {
  const auto known = [](int number) {
    const bool is_one = number == EROFS || number == ENOSPC || number == EDQUOT || number == EIO;
    return is_one ? number : 0;
  };
  if (access(path.c_str(), W_OK) != 0) return known(errno);
  const FileDescriptor file(open(path.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kOwnerOnlyFile));
  if (!file) return known(errno);
  const std::string content(kLeastBytes, 'x');
  return write_all(file.get(), content) ? 0 : known(errno);
}

std::optional<StateRoom> look_at_state_room(const std::string& path) {
  struct statvfs disk {};
  if (statvfs(path.c_str(), &disk) != 0) return std::nullopt;
  StateRoom room{.bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize, .files = {}};
  // File systems that make inodes as needed report none.
  if (disk.f_files != 0) room.files = disk.f_favail;
  return room;
}

std::string shortage_of(const StateRoom& room) {
  if (room.files && *room.files < kLeastFiles) {
    return fmt::format("only {} more files fit there", *room.files);
  }
  if (room.bytes < kLeastBytes) return fmt::format("only {} KiB are free there", room.bytes / 1024);
  return {};
}

}  // namespace ccm::store
