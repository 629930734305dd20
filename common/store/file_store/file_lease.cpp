// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/file_lease.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/handle.h"
#include "base/text.h"

namespace ccm::store {
namespace {

class FileLease final : public Lease {
 public:
  FileLease(FileDescriptor lock, std::uint64_t token) : lock_(std::move(lock)), token_(token) {}
  std::uint64_t fencing_token() const noexcept override { return token_; }

 private:
  FileDescriptor lock_;
  std::uint64_t token_;
};

std::string lock_path(const std::string& state_path) {
  return state_path + "/leader.lock";
}

Failure failed(const std::string& path) {
  return fail(system_error(fmt::format("lock {}", path), errno));
}

// Always twenty digits and a line feed, so that the token is replaced by one write that neither
// grows nor shrinks the file. An unreadable token reads as 0: the lock itself keeps others out.
std::uint64_t read_token(int file) {
  std::array<char, 21> text{};
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  if (size <= 0) return 0;
  const std::string_view digits = trim({text.data(), static_cast<std::size_t>(size)});
  return parse_unsigned(digits).value_or(0);
}

// Does not wait for the other end of a FIFO, which anybody with the account may have put there.
// Only a file can be a lock; for anything else errno is EINVAL.
FileDescriptor open_lock(const std::string& path, int flags) {
  FileDescriptor file(
      open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, kOwnerOnlyFile));
  struct stat facts {};
  if (!file || (fstat(file.get(), &facts) == 0 && S_ISREG(facts.st_mode))) return file;
  file.reset();
  errno = EINVAL;
  return file;
}

bool write_token(const std::string& path, std::uint64_t token) {
  const FileDescriptor file = open_lock(path, O_WRONLY);
  if (!file) return false;
  const std::string text = fmt::format("{:020}\n", token);
  const ssize_t size = pwrite(file.get(), text.data(), text.size(), 0);
  if (size >= 0 && size != static_cast<ssize_t>(text.size())) errno = ENOSPC;
  return size == static_cast<ssize_t>(text.size()) && fsync(file.get()) == 0;
}

// Whether the locked file is still the one that others would open.
bool is_in_place(int file, const std::string& path) {
  struct stat ours {};
  struct stat theirs {};
  return fstat(file, &ours) == 0 && lstat(path.c_str(), &theirs) == 0 &&
         ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

}  // namespace

Result<std::unique_ptr<Lease>> acquire_lease(const std::string& state_path) {
  const std::string path = lock_path(state_path);
  // Opened read-only: closing a file that was open for writing wakes everybody who watches the
  // directory, and agents that do not lead try every second.
  FileDescriptor file = open_lock(path, O_RDONLY | O_CREAT);
  if (!file) return failed(path);
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK || errno == EINTR) return std::unique_ptr<Lease>();
    return failed(path);
  }
  // Deleted between open and flock: the next attempt finds the new file.
  if (!is_in_place(file.get(), path)) return std::unique_ptr<Lease>();
  if (!set_mode(file.get(), kOwnerOnlyFile)) return failed(path);
  const std::uint64_t token = read_token(file.get()) + 1;
  if (!write_token(path, token)) return failed(path);
  return std::unique_ptr<Lease>(std::make_unique<FileLease>(std::move(file), token));
}

Result<void> check_lease(const std::string& state_path, const Lease& lease) {
  const std::string path = lock_path(state_path);
  const FileDescriptor file = open_lock(path, O_RDONLY);
  if (!file) return failed(path);
  if (read_token(file.get()) != lease.fencing_token()) {
    return fail(ErrorKind::transient, "another process leads the store by now");
  }
  return {};
}

}  // namespace ccm::store
