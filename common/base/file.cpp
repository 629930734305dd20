#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <span>
#include <utility>

#include "base/text.h"

namespace ccm {
namespace {

using Directory = Handle<DIR, closedir>;

Failure failed(std::string_view verb, const std::string& path) {
  const int number = errno;
  return fail(system_error(fmt::format("{} {}", verb, printable(path)), number));
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Beside the file itself, because a rename cannot cross file systems.
std::string temporary_name(const std::string& path) {
  std::uint64_t random = 0;
  // Uniqueness is O_EXCL's business; the random part only keeps attempts from colliding.
  if (getrandom(&random, sizeof random, 0) != sizeof random) {
    const FileDescriptor source(open("/dev/urandom", O_RDONLY | O_CLOEXEC));
    static_cast<void>(read(source.get(), &random, sizeof random) < 0);
  }
  return fmt::format("{}{}{:016x}", path, kTemporaryMark, random);
}

Result<FileDescriptor> open_regular(const std::string& path, std::size_t limit, std::size_t& size) {
  // O_NONBLOCK: a FIFO put in the file's place must not hang us before fstat unmasks it.
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) {
    const std::string name = printable(path);
    if (errno == ENOENT || errno == ENOTDIR) {
      return fail(ErrorKind::rejected, fmt::format("read {}: there is no such file", name));
    }
    if (errno == ELOOP) {
      return fail(ErrorKind::invalid,
                  fmt::format("read {}: it is a symbolic link, a regular file is wanted", name));
    }
    return failed("read", path);
  }
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return failed("read", path);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorKind::invalid, fmt::format("read {}: not a regular file", printable(path)));
  }
  size = static_cast<std::size_t>(status.st_size);
  if (size > limit) {
    return fail(ErrorKind::invalid,
                fmt::format("read {}: it has {} bytes, more than the {} allowed", printable(path),
                            size, limit));
  }
  return file;
}

// Fills the buffer as far as the file goes; a file that is written to meanwhile is read as it
// comes, since whoever needs a consistent one replaces it by rename.
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

bool write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t count = write(file, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

Failure failed_and_removed(std::string_view verb, const std::string& path,
                           const std::string& temporary) {
  Failure failure = failed(verb, path);
  static_cast<void>(unlink(temporary.c_str()));
  return failure;
}

// Puts `temporary` in the place of `path` for good. The two are exchanged where the file system
// can, so that there is a way back when the directory cannot be synced.
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
  // EPERM: a filter of system calls that does not know this one, or a refusal that rename() meets
  // as well.
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

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  std::size_t size = 0;
  const Result<FileDescriptor> file = open_regular(path, limit, size);
  if (!file) return fail(file.error());
  std::string content(size, '\0');
  const Result<std::size_t> count =
      read_into(std::as_writable_bytes(std::span(content)), file->get(), path);
  if (!count) return fail(count.error());
  content.resize(*count);
  return content;
}

Result<Secret> read_secret_file(const std::string& path, std::size_t limit) {
  std::size_t size = 0;
  const Result<FileDescriptor> file = open_regular(path, limit, size);
  if (!file) return fail(file.error());
  Secret content = Secret::of_size(size);
  const Result<std::size_t> count = read_into(content.mutable_bytes(), file->get(), path);
  if (!count) return fail(count.error());
  if (*count < size) return Secret::copy_of(content.bytes().first(*count));
  return content;
}

Result<void> write_file_atomically(const std::string& path, std::string_view content) {
  const std::string temporary = temporary_name(path);
  Result<void> written = write_new_file(temporary, content);
  if (!written) return written;
  return promote(temporary, path);
}

Result<void> write_new_file(const std::string& path, std::string_view content) {
  FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwnerOnlyFile));
  if (!file) return failed("create", path);
  // The mode again, because a umask may have taken the owner's own bits away.
  if (fchmod(file.get(), kOwnerOnlyFile) != 0 || !write_all(file.get(), content) ||
      fsync(file.get()) != 0 || close(file.release()) != 0) {
    return failed_and_removed("write", path, path);
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
  if (mkdir(path.c_str(), kOwnerOnlyDirectory) != 0) {
    // Somebody else was faster: as good as ours.
    if (errno == EEXIST) return {};
    return failed("create directory", path);
  }
  if (chmod(path.c_str(), kOwnerOnlyDirectory) != 0) return failed("create directory", path);
  return sync_directory(parent);
}

Result<void> sync_directory(const std::string& path) {
  const FileDescriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return failed("open directory", path);
  if (fsync(directory.get()) != 0) return failed("sync directory", path);
  return {};
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  const Directory stream(opendir(path.c_str()));
  if (!stream) {
    if (errno == ENOENT) return std::vector<std::string>();
    return failed("list", path);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return failed("list", path);
  std::sort(names.begin(), names.end());
  return names;
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
