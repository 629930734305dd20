// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <utility>

#include "base/file_parts.h"
#include "base/text.h"
#include "base/write_all.h"

namespace ccm {
namespace {

constexpr std::size_t kRandomDigits = 16;
constexpr mode_t kModeBits = 07777;
// Another process may take a temporary file for an abandoned one only between its creation and its
// lock.
constexpr int kAttempts = 8;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Beside the file itself, because a rename cannot cross file systems.
std::string temporary_name(const std::string& path) {
  std::uint64_t random = 0;
  // O_EXCL makes the name unique; the random part only avoids useless attempts.
  if (getrandom(&random, sizeof random, 0) != sizeof random) {
    const FileDescriptor source(open("/dev/urandom", O_RDONLY | O_CLOEXEC));
    static_cast<void>(read(source.get(), &random, sizeof random) < 0);
  }
  return fmt::format("{}{}{:0{}x}", path, kTemporaryMark, random, kRandomDigits);
}

// A new file that nobody takes for an abandoned one while the lock is open.
struct Claimed {
  std::string path;
  FileDescriptor file;
  FileDescriptor lock;  // another descriptor of `file`, closed when the file has its name
};

bool is_unlinked(int file) noexcept {
  struct stat status {};
  return fstat(file, &status) == 0 && status.st_nlink == 0;
}

Result<Claimed> claim_new_file(const std::string& path) {
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    Claimed claimed{.path = temporary_name(path), .file = {}, .lock = {}};
    claimed.file =
        FileDescriptor(open(claimed.path.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwnerOnlyFile));
    if (!claimed.file) return failed("create", claimed.path);
    // Without locks in this file system nobody removes the file, so it stays unlocked.
    const bool is_taken = flock(claimed.file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (is_taken || is_unlinked(claimed.file.get())) continue;
    claimed.lock = FileDescriptor(fcntl(claimed.file.get(), F_DUPFD_CLOEXEC, 0));
    if (claimed.lock) return claimed;
    Failure failure = failed("lock", claimed.path);
    static_cast<void>(unlink(claimed.path.c_str()));
    return failure;
  }
  return fail(
      ErrorKind::transient,
      fmt::format("write {}: its temporary files are removed by somebody else", printable(path)));
}

Failure failed_and_removed(std::string_view verb, const std::string& path,
                           const std::string& temporary) {
  Failure failure = failed(verb, path);
  static_cast<void>(unlink(temporary.c_str()));
  return failure;
}

enum class Sync : bool { no, yes };

bool put(const FileDescriptor& file, std::string_view content, const FileAccess& access = {}) {
  const bool is_given_away = access.owner != kSameUser || access.group != kSameGroup;
  return write_all(file.get(), content) &&
         (!is_given_away || fchown(file.get(), access.owner, access.group) == 0) &&
         set_mode(file.get(), access.mode);
}

Result<void> fill(FileDescriptor file, const std::string& path, std::string_view content,
                  const FileAccess& access = {}, Sync sync = Sync::yes) {
  if (!put(file, content, access) || (sync == Sync::yes && fsync(file.get()) != 0) ||
      close(file.release()) != 0) {
    return failed_and_removed("write", path, path);
  }
  return {};
}

// Puts `temporary` in the place of `path` for good. The two are exchanged where the file system
// can, so that there is a way back when the directory cannot be synced. (There is none when a new
// leader removes the old content, which nobody holds a lock on, in between; then the new one
// stays.)
Result<void> promote(const std::string& temporary, const std::string& path) {
  const std::string directory = parent_of(path);
  if (renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0) {
    Result<void> synced = sync_directory(directory);
    if (!synced) {
      static_cast<void>(
          renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE));
    }
    static_cast<void>(unlink(temporary.c_str()));
    return synced;
  }
  const bool is_new = errno == ENOENT;
  // EPERM: a filter of system calls that does not know this call, or a refusal that rename() will
  // meet, too.
  if (!is_new && errno != EINVAL && errno != ENOSYS && errno != EPERM) {
    return failed_and_removed("replace", path, temporary);
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    return failed_and_removed("replace", path, temporary);
  }
  Result<void> synced = sync_directory(directory);
  if (!synced && is_new) static_cast<void>(unlink(path.c_str()));
  return synced;
}

Result<void> remove_entries(int directory, const std::string& path);

Result<void> remove_entry(int parent, const char* name, const std::string& path) {
  if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return failed("remove", path);
  FileDescriptor directory(openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!directory) return failed("remove", path);
  Result<void> emptied = remove_entries(directory.release(), path);
  if (!emptied) return emptied;
  if (unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT) return failed("remove", path);
  return {};
}

// Takes over the descriptor.
Result<void> remove_entries(int directory, const std::string& path) {
  const Directory stream(fdopendir(directory));
  if (!stream) {
    close(directory);
    return failed("remove", path);
  }
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    Result<void> removed =
        remove_entry(dirfd(stream.get()), entry->d_name, fmt::format("{}/{}", path, name));
    if (!removed) return removed;
  }
  return {};
}

}  // namespace

bool set_mode(int file, mode_t mode) {
  struct stat status {};
  if (fstat(file, &status) == 0 && (status.st_mode & kModeBits) == mode) return true;
  return fchmod(file, mode) == 0;
}

bool is_temporary_name(std::string_view name) noexcept {
  if (name.size() < kTemporaryMark.size() + kRandomDigits) return false;
  const std::string_view end = name.substr(name.size() - kTemporaryMark.size() - kRandomDigits);
  return end.starts_with(kTemporaryMark) &&
         end.find_first_not_of("0123456789abcdef", kTemporaryMark.size()) == std::string_view::npos;
}

Result<void> write_file_atomically(const std::string& path, std::string_view content,
                                   const FileAccess& access) {
  Result<Claimed> claimed = claim_new_file(path);
  if (!claimed) return pass(std::move(claimed));
  Result<void> written = fill(std::move(claimed->file), claimed->path, content, access);
  if (!written) return written;
  return promote(claimed->path, path);
}

Result<void> write_file_unsynced(const std::string& path, std::string_view content) {
  Result<Claimed> claimed = claim_new_file(path);
  if (!claimed) return pass(std::move(claimed));
  Result<void> written = fill(std::move(claimed->file), claimed->path, content, {}, Sync::no);
  if (!written) return written;
  if (rename(claimed->path.c_str(), path.c_str()) == 0) return {};
  return failed_and_removed("replace", path, claimed->path);
}

Result<void> remove_if_abandoned(const std::string& path) {
  const FileDescriptor file(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) return {};
  // If another writer has just created the file, it notices that the name is gone and takes another
  // one (claim_new_file).
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path);
  return {};
}

Result<void> write_new_file(const std::string& path, std::string_view content) {
  const std::array<NewFile, 1> files{{{path, content}}};
  return write_new_files(files);
}

Result<void> write_new_files(std::span<const NewFile> files) {
  std::vector<FileDescriptor> open_files;
  const auto give_up = [&](std::string_view verb, const std::string& path) {
    Failure failure = failed(verb, path);
    for (const NewFile& each : files.first(open_files.size())) unlink(each.path.c_str());
    return failure;
  };
  for (const auto& [path, content] : files) {
    FileDescriptor file(
        open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwnerOnlyFile));
    if (!file) return give_up("create", path);
    open_files.push_back(std::move(file));
    if (!put(open_files.back(), content)) return give_up("write", path);
  }
  // Only starts the writing. If the system cannot do that, each file is written with its fsync.
  for (const FileDescriptor& file : open_files) {
    static_cast<void>(sync_file_range(file.get(), 0, 0, SYNC_FILE_RANGE_WRITE));
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (fsync(open_files[i].get()) != 0 || close(open_files[i].release()) != 0) {
      return give_up("write", files[i].path);
    }
  }
  return {};
}

Result<void> replace_symlink(const std::string& path, const std::string& target) {
  const std::string temporary = temporary_name(path);
  if (symlink(target.c_str(), temporary.c_str()) != 0) return failed("create", temporary);
  return promote(temporary, path);
}

Result<void> make_directories(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return {};
    return fail(ErrorKind::invalid,
                fmt::format("create directory {}: there is a file of that name", printable(path)));
  }
  const std::string parent = parent_of(path);
  if (parent != path && parent != ".") {
    Result<void> made = make_directories(parent);
    if (!made) return made;
  }
  if (Result<void> made = make_unsynced_directory(path); !made) {
    // Another process has made it in the meantime, which is as good.
    if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return made;
  }
  return sync_directory(parent);
}

Result<void> make_unsynced_directory(const std::string& path) {
  if (mkdir(path.c_str(), kOwnerOnlyDirectory) == 0 &&
      chmod(path.c_str(), kOwnerOnlyDirectory) == 0) {
    return {};
  }
  return failed("create directory", path);
}

Result<void> sync_directory(const std::string& path) {
  const FileDescriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return failed("open directory", path);
  if (fsync(directory.get()) != 0) return failed("sync directory", path);
  return {};
}

Result<void> remove_tree(const std::string& path) {
  return remove_entry(AT_FDCWD, path.c_str(), path);
}

std::string program_path() {
  std::string path(PATH_MAX, '\0');
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return path;
}

}  // namespace ccm
