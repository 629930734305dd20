// SPDX-License-Identifier: Apache-2.0
// The reading half of file.h.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <span>
#include <utility>

#include "base/file.h"
#include "base/file_end.h"
#include "base/file_parts.h"
#include "base/kept_file.h"
#include "base/system_call_numbers.h"
#include "base/text.h"
#include "base/trial.h"

namespace ccm {
namespace {

bool is_link(int directory, const std::string& name) noexcept {
  struct stat status {};
  return fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISLNK(status.st_mode);
}

// Opens one component after the other, for kernels that cannot do it in one call.
int walk_without_links(const std::string& path, int flags) {
  FileDescriptor directory(
      open(path.starts_with('/') ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::vector<std::string_view> names = split(path, '/');
  std::erase(names, "");
  if (names.empty()) return openat(directory.get(), ".", flags);
  for (std::size_t i = 0; directory && i < names.size(); ++i) {
    const std::string name(names[i]);
    const bool is_last = i + 1 == names.size();
    FileDescriptor next(openat(directory.get(), name.c_str(),
                               is_last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!next && errno == ENOTDIR && is_link(directory.get(), name)) errno = ELOOP;
    directory = std::move(next);
  }
  return directory.release();
}

struct OpenHow {  // struct open_how of <linux/openat2.h>, which older headers lack
  std::uint64_t flags = 0;
  std::uint64_t mode = 0;
  std::uint64_t resolve = 0x04;  // RESOLVE_NO_SYMLINKS
};

void try_openat2() {
  const OpenHow how;
  static_cast<void>(syscall(calls::kOpenat2, -1, "", &how, sizeof how));
}

// Asked once, because every file of a store is opened in this way.
bool has_openat2() noexcept {
  static const bool kIsHarmless = !is_deadly(try_openat2);
  return kIsHarmless;
}

int open_without_links(const std::string& path, int flags) {
  if (!has_openat2()) return walk_without_links(path, flags);
  const OpenHow how{.flags = static_cast<std::uint64_t>(flags)};
  const long file = syscall(calls::kOpenat2, AT_FDCWD, path.c_str(), &how, sizeof how);
  // The kernel is too old, or a filter of system calls does not know this call.
  if (file < 0 && (errno == ENOSYS || errno == EPERM)) return walk_without_links(path, flags);
  return static_cast<int>(file);
}

FileDescriptor open_at(const std::string& path, int flags, Links links) {
  flags |= O_RDONLY | O_CLOEXEC;
  return FileDescriptor(links == Links::nowhere ? open_without_links(path, flags | O_NOFOLLOW)
                                                : open(path.c_str(), flags));
}

Result<FileDescriptor> open_regular(const std::string& path, std::size_t limit, Links links,
                                    struct stat& status) {
  // O_NONBLOCK, because somebody may have put a FIFO in the file's place, which would block before
  // fstat can tell.
  FileDescriptor file = open_at(path, O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, links);
  if (!file) {
    const std::string name = printable(path);
    if (errno == ENOENT || errno == ENOTDIR) {
      return fail(ErrorKind::rejected, fmt::format("read {}: there is no such file", name));
    }
    if (errno == ELOOP) {
      return fail(ErrorKind::invalid,
                  fmt::format("read {}: it {}is a symbolic link, a regular file is wanted", name,
                              links == Links::nowhere ? "or a directory above it " : ""));
    }
    return failed("read", path);
  }
  if (fstat(file.get(), &status) != 0) return failed("read", path);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorKind::invalid, fmt::format("read {}: not a regular file", printable(path)));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > limit) {
    return fail(ErrorKind::invalid,
                fmt::format("read {}: it has {} bytes, more than the {} allowed", printable(path),
                            size, limit));
  }
  return file;
}

// Fills the buffer as far as the file goes. A file that is written to meanwhile is read as it is:
// whoever needs consistent content replaces files by rename.
Result<std::size_t> read_into(std::span<std::byte> buffer, int file, const std::string& path) {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t count = read(file, buffer.data() + done, buffer.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("read", path);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

// A file that the kernel makes up while it is read, such as one of /proc, says that it is empty.
Result<std::string> read_unsized(int file, std::size_t limit, const std::string& path) {
  constexpr std::size_t kPiece = 4096;
  std::string content;
  for (std::size_t done = 0;;) {
    content.resize(done + kPiece);
    const auto room = std::as_writable_bytes(std::span(content)).subspan(done);
    const Result<std::size_t> count = read_into(room, file, path);
    if (!count) return fail(count.error());
    done += *count;
    content.resize(done);
    if (done > limit) {
      return fail(ErrorKind::invalid, fmt::format("read {}: it has more than the {} bytes allowed",
                                                  printable(path), limit));
    }
    if (*count < kPiece) return content;
  }
}

Result<std::string> read_text(int file, const struct stat& status, const std::string& path) {
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  const Result<std::size_t> count =
      read_into(std::as_writable_bytes(std::span(content)), file, path);
  if (!count) return fail(count.error());
  content.resize(*count);
  return content;
}

Result<std::string> read_content(const std::string& path, std::size_t limit, Links links,
                                 struct stat& status) {
  const Result<FileDescriptor> file = open_regular(path, limit, links, status);
  if (!file) return fail(file.error());
  if (status.st_size == 0) return read_unsized(file->get(), limit, path);
  return read_text(file->get(), status, path);
}

Result<Secret> read_secret(int file, const struct stat& status, const std::string& path) {
  Secret content = Secret::of_size(static_cast<std::size_t>(status.st_size));
  const Result<std::size_t> count = read_into(content.mutable_bytes(), file, path);
  if (!count) return fail(count.error());
  if (*count < content.size()) return Secret::copy_of(content.bytes().first(*count));
  return content;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit, Links links) {
  struct stat status {};
  return read_content(path, limit, links, status);
}

Result<FileEnd> read_file_end(const std::string& path, std::uint64_t offset, std::size_t limit,
                              Links links) {
  struct stat status {};
  const Result<FileDescriptor> file = open_regular(path, limit, links, status);
  if (!file) return fail(file.error());
  const off_t begin =
      static_cast<off_t>(std::min(offset, static_cast<std::uint64_t>(status.st_size)));
  if (lseek(file->get(), begin, SEEK_SET) != begin) return failed("read", path);
  status.st_size -= begin;
  Result<std::string> content = read_text(file->get(), status, path);
  if (!content) return pass(std::move(content));
  return FileEnd{.content = *std::move(content), .begin = static_cast<std::uint64_t>(begin)};
}

Result<OwnedFile> read_owned_file(const std::string& path, std::size_t limit) {
  struct stat status {};
  Result<std::string> content = read_content(path, limit, Links::on_the_way, status);
  if (!content) return pass(std::move(content));
  return OwnedFile{.content = *std::move(content), .owner = status.st_uid, .mode = status.st_mode};
}

Result<Secret> read_secret_file(const std::string& path, std::size_t limit, Links links) {
  struct stat status {};
  const Result<FileDescriptor> file = open_regular(path, limit, links, status);
  if (!file) return fail(file.error());
  return read_secret(file->get(), status, path);
}

Result<Secret> read_secret_file_of(std::span<const uid_t> owners, const std::string& path,
                                   std::size_t limit) {
  struct stat status {};
  Result<FileDescriptor> file = open_regular(path, limit, Links::on_the_way, status);
  if (!file) return pass(std::move(file));
  const bool is_known = std::find(owners.begin(), owners.end(), status.st_uid) != owners.end();
  if (!is_known || is_writable_by_others(status.st_mode)) {
    return fail(ErrorKind::rejected,
                is_known ? fmt::format("{} could be written by others than its owner (mode {:04o})",
                                       printable(path), status.st_mode & 07777U)
                         : fmt::format("{} belongs to user {}, who has no say here",
                                       printable(path), status.st_uid));
  }
  return read_secret(file->get(), status, path);
}

bool KeptFile::look() {
  struct stat there {};
  if (file_ && lstat(path_.c_str(), &there) == 0 && is_the_same(there)) return false;
  const bool was_there = content_.has_value();
  content_.reset();
  kept_ = 0;
  Result<FileDescriptor> file = open_regular(path_, limit_, Links::nowhere, status_);
  file_ = file ? *std::move(file) : FileDescriptor();
  if (file_) {
    if (Result<std::string> text = read_text(file_.get(), status_, path_)) {
      content_ = *std::move(text);
    }
  }
  return was_there || content_.has_value();
}

bool KeptFile::look_for_more() {
  struct stat there {};
  const bool has_more = file_ && content_ && lstat(path_.c_str(), &there) == 0 && has_grown(there);
  return (has_more && read_more()) || look();
}

bool KeptFile::has_grown(const struct stat& there) const noexcept {
  return there.st_ino == status_.st_ino && there.st_dev == status_.st_dev &&
         there.st_size > status_.st_size && static_cast<std::size_t>(there.st_size) <= limit_;
}

// The descriptor's position is the end of what was read.
bool KeptFile::read_more() {
  struct stat now {};
  if (fstat(file_.get(), &now) != 0 || static_cast<std::size_t>(now.st_size) > limit_) return false;
  kept_ = content_->size();
  if (kept_ != static_cast<std::size_t>(status_.st_size)) return false;
  content_->resize(static_cast<std::size_t>(now.st_size));
  const auto room = std::as_writable_bytes(std::span(*content_)).subspan(kept_);
  const Result<std::size_t> count = read_into(room, file_.get(), path_);
  if (!count || *count < room.size()) return false;
  status_ = now;
  return true;
}

// Times and size change when the file is written in place.
bool KeptFile::is_the_same(const struct stat& there) const noexcept {
  return there.st_ino == status_.st_ino && there.st_dev == status_.st_dev &&
         there.st_size == status_.st_size && there.st_mtim.tv_sec == status_.st_mtim.tv_sec &&
         there.st_mtim.tv_nsec == status_.st_mtim.tv_nsec;
}

namespace {

bool any_entry(int /*directory*/, const dirent& /*entry*/) noexcept {
  return true;
}

// Most file systems give the type with the name.
bool is_directory(int directory, const dirent& entry) noexcept {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status {};
  return fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(status.st_mode);
}

// At the end nullptr, and errno is 0. It is cleared before, because calls between two entries may
// have set errno although they succeeded, as malloc may.
const dirent* next_entry(DIR* directory) noexcept {
  errno = 0;
  return readdir(directory);
}

Result<std::vector<std::string>> list_those(const std::string& path, Links links,
                                            bool (*is_wanted)(int directory, const dirent& entry)) {
  FileDescriptor directory = open_at(path, O_DIRECTORY | O_NONBLOCK, links);
  if (!directory) {
    if (errno == ENOENT) return std::vector<std::string>();
    return failed("list", path);
  }
  const Directory stream(fdopendir(directory.get()));
  if (!stream) return failed("list", path);
  static_cast<void>(directory.release());
  std::vector<std::string> names;
  while (const dirent* entry = next_entry(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && is_wanted(dirfd(stream.get()), *entry))
      names.emplace_back(name);
    if (names.size() > kMostEntries) {
      return fail(ErrorKind::invalid, fmt::format("list {}: it has more than {} entries",
                                                  printable(path), kMostEntries));
    }
  }
  if (errno != 0) return failed("list", path);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<std::vector<std::string>> list_directory(const std::string& path, Links links) {
  return list_those(path, links, any_entry);
}

Result<std::vector<std::string>> list_subdirectories(const std::string& path, Links links) {
  return list_those(path, links, is_directory);
}

}  // namespace ccm
