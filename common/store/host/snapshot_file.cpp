// SPDX-License-Identifier: Apache-2.0
#include "store/host/snapshot_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "base/file.h"
#include "base/handle.h"
#include "base/write_all.h"

namespace ccm::store {
namespace {

// As many certificates as a server can show, with RSA keys and chains of two: 8 kB each.
constexpr std::size_t kLargestSnapshot = std::size_t{1} << 30U;
constexpr const char* kSnapshot = "snapshot";
// The name has the mark of files that are removed when their writer was killed (base/file.h).
constexpr const char* kDraft = "snapshot.tmp-0000000000000000";

std::string draft_path(const std::string& state_path) {
  return state_path + "/" + kDraft;
}

FileDescriptor open_for_writing(const std::string& path, int flags) {
  return FileDescriptor(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags));
}

Secret joined(std::span<const Secret> parts, std::size_t size) {
  Secret all = Secret::of_size(size);
  std::span<std::byte> room = all.mutable_bytes();
  for (const Secret& part : parts) {
    std::copy(part.bytes().begin(), part.bytes().end(), room.begin());
    room = room.subspan(part.size());
  }
  return all;
}

// Writes many parts in one call, and never has all of them in memory twice.
bool write_joined(int file, std::span<const Secret> parts) {
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  while (!parts.empty()) {
    std::size_t count = 0;
    std::size_t size = 0;
    do {
      size += parts[count++].size();
    } while (count < parts.size() && size + parts[count].size() <= kPiece);
    const Secret piece = joined(parts.first(count), size);
    if (!write_all(file, piece.reveal())) return false;
    parts = parts.subspan(count);
  }
  return true;
}

bool is_the_file_at(const std::string& path, const FileDescriptor& file) {
  struct stat ours {};
  struct stat found {};
  return fstat(file.get(), &ours) == 0 && lstat(path.c_str(), &found) == 0 &&
         ours.st_dev == found.st_dev && ours.st_ino == found.st_ino;
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
  SnapshotPart part{.content = {},
                    .file = status.st_ino,
                    .changed = status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec,
                    .total = total};
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

Result<SnapshotDraft> SnapshotDraft::begin(const std::string& state_path) {
  const std::string path = draft_path(state_path);
  static_cast<void>(unlink(path.c_str()));
  FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwnerOnlyFile));
  if (!file) return fail(system_error("create " + path, errno));
  // Shows that the writer lives. If the file system has no locks, nobody removes such files.
  static_cast<void>(flock(file.get(), LOCK_EX | LOCK_NB));
  return SnapshotDraft(state_path, std::move(file));
}

SnapshotDraft::SnapshotDraft(SnapshotDraft&& other) noexcept
    : state_path_(std::move(other.state_path_)), file_(std::move(other.file_)) {}

SnapshotDraft::~SnapshotDraft() {
  if (is_wanted()) unlink(draft_path(state_path_).c_str());
}

bool SnapshotDraft::is_wanted() const noexcept {
  return file_ && is_the_file_at(draft_path(state_path_), file_);
}

// remove_snapshot() removes the draft, so the rename finds nothing and no lock is needed. If
// another draft has begun since then, its file must not be put in place.
Result<void> SnapshotDraft::finish(std::span<const Secret> parts) {
  const std::string path = snapshot_path(state_path_);
  const std::string draft = draft_path(state_path_);
  if (!write_joined(file_.get(), parts) || fsync(file_.get()) != 0) {
    return fail(system_error("write " + path, errno));
  }
  if (is_wanted() && rename(draft.c_str(), path.c_str()) == 0) {
    file_ = {};
    return sync_directory(state_path_);
  }
  const int problem = is_wanted() ? errno : ENOENT;
  Error error = system_error("replace " + path, problem);
  return fail(problem == ENOENT ? std::move(error).with_kind(ErrorKind::rejected)
                                : std::move(error));
}

Result<void> replace_snapshot(const std::string& state_path, const Secret& content) {
  Result<SnapshotDraft> draft = SnapshotDraft::begin(state_path);
  return draft ? draft->finish({&content, 1}) : pass(std::move(draft));
}

Result<std::uint64_t> append_to_snapshot(const std::string& state_path, const Secret& content) {
  const std::string path = snapshot_path(state_path);
  const FileDescriptor file = open_for_writing(path, O_APPEND);
  struct stat before {};
  if (!file || fstat(file.get(), &before) != 0 || !S_ISREG(before.st_mode)) {
    return fail(ErrorKind::rejected, path + ": there is no such file");
  }
  if (!write_all(file.get(), content.reveal())) {
    const int problem = errno;
    static_cast<void>(ftruncate(file.get(), before.st_size) != 0);
    return fail(system_error("write " + path, problem));
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
  // The draft goes first, because it could become the snapshot in between.
  static_cast<void>(unlink(draft_path(state_path).c_str()));
  static_cast<void>(unlink(snapshot_path(state_path).c_str()));
}

}  // namespace ccm::store
