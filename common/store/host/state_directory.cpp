// SPDX-License-Identifier: Apache-2.0
#include "store/host/state_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <vector>

#include "base/account.h"
#include "base/file.h"
#include "base/text.h"

namespace ccm::store {
namespace {

constexpr uid_t kRoot = 0;
constexpr unsigned kMostLinks = 16;
constexpr std::uint64_t kDirectoryFormat = 1;
constexpr const char* kMarker = "ccm-store";
constexpr std::string_view kMarkerText = "ccm-store ";
constexpr std::array kDirectories = {"certificates", "keys", "records"};
constexpr std::array<std::string_view, 9> kFiles = {kMarker,       "revision",      "changes",
                                                    "leader.lock", "snapshot",      "fleet",
                                                    "fleet-hosts", "fleet-granted", "outbox"};
constexpr std::array<std::string_view, 7> kPrefixes = {
    "settings-", "request-", "granted-", "events-", "agent-", "trouble-", "canary-"};
// What a new file system has at its top.
constexpr std::string_view kLostAndFound = "lost+found";
// Of the system, empty or not (Filesystem Hierarchy Standard).
constexpr std::array<std::string_view, 26> kOfTheSystem = {
    "/",        "/bin",     "/boot",      "/dev",     "/etc",      "/home", "/lib",
    "/lib64",   "/media",   "/mnt",       "/opt",     "/proc",     "/root", "/run",
    "/sbin",    "/srv",     "/sys",       "/tmp",     "/usr",      "/var",  "/var/cache",
    "/var/lib", "/var/log", "/var/spool", "/var/tmp", "/usr/local"};

// Agents and ccmctl work in the directory, under the name ".".
std::string shown_name(const std::string& path) {
  if (path != ".") return printable(path);
  const Handle<char, free> here(getcwd(nullptr, 0));
  return here == nullptr ? path : printable(here.get());
}

Failure refuse(const std::string& path, std::string_view what,
               ErrorKind kind = ErrorKind::invalid) {
  return fail(kind, fmt::format("the state directory \"{}\" {}", shown_name(path), what));
}

// Anybody may have put the content there.
Failure distrust(const std::string& path, std::string_view what) {
  return refuse(path, what, ErrorKind::rejected);
}

Failure not_ours(const std::string& path, std::string_view what) {
  return refuse(path, fmt::format("{}; name a directory of its own, which is made when it is "
                                  "missing (state_path, CCMStateDir)",
                                  what));
}

// A link leads where its owner wants, and perhaps elsewhere later.
Result<void> check_links(const std::string& path, const std::string& below, unsigned left) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = below.find('/', end + 1);
    const std::string part = below.substr(0, end);
    struct stat status {};
    if (lstat(part.c_str(), &status) != 0) return {};
    if (!S_ISLNK(status.st_mode)) continue;
    if (status.st_uid != kRoot && status.st_uid != geteuid()) {
      return distrust(path,
                      fmt::format("is reached through \"{}\", a symbolic link of {}, who could "
                                  "let it lead elsewhere; name the directory itself",
                                  printable(part), user_text(status.st_uid)));
    }
    std::array<char, PATH_MAX> target;
    const ssize_t size = readlink(part.c_str(), target.data(), target.size());
    if (size <= 0 || left == 0) continue;
    std::string next(target.data(), static_cast<std::size_t>(size));
    if (!next.starts_with('/')) next.insert(0, part, 0, part.rfind('/') + 1);
    if (Result<void> good = check_links(path, next, left - 1); !good) return good;
  }
  return {};
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

// The path without links; empty when there is no such file.
std::string real_path(const std::string& path) {
  const Handle<char, free> real(realpath(path.c_str(), nullptr));
  return real == nullptr ? std::string() : real.get();
}

// The directory in which it is, or in which it would be made.
std::string place_of(const std::string& path, const std::string& real) {
  if (!real.empty()) return parent_of(real);
  for (std::string above = parent_of(path); above != "/"; above = parent_of(above)) {
    if (std::string there = real_path(above); !there.empty()) return there;
  }
  return "/";
}

// The top of a file system that root has mounted for a server without root, as Kubernetes does with
// emptyDir (mode 0777, and nobody may change the mode). Such a server works only in a directory
// that it owns and that is closed to others. So others could remove the store, but not replace it.
bool is_volume_for_us(const std::string& part, const struct stat& status) noexcept {
  struct stat above {};
  return geteuid() != kRoot && status.st_uid == kRoot &&
         lstat(parent_of(part).c_str(), &above) == 0 && above.st_dev != status.st_dev;
}

// Whoever may write to a directory may replace what is in it, unless it is sticky.
Result<void> check_way(const std::string& path, std::string part) {
  for (; part != "/"; part = parent_of(part)) {
    struct stat status {};
    if (lstat(part.c_str(), &status) != 0) continue;
    const bool is_anybodys = (status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0;
    if (is_anybodys && !is_volume_for_us(part, status)) {
      return distrust(path, fmt::format("lies in \"{}\", where everybody may replace it (mode "
                                        "{:04o}); name another place, or: chmod o-w {}",
                                        printable(part), status.st_mode & 07777U, printable(part)));
    }
  }
  return {};
}

struct Entries {
  std::vector<std::string> names;  // without those of an interrupted first start
  bool is_hidden = false;          // this process cannot read them
};

bool counts(const std::string& name) {
  const bool is_first_write = is_temporary_name(name) &&
                              name.starts_with(std::string(kMarker) + std::string(kTemporaryMark));
  return name != "." && name != ".." && name != kLostAndFound && !is_first_write;
}

Result<Entries> entries_of(int directory, const std::string& path) {
  FileDescriptor opened(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened && (errno == EACCES || errno == EPERM))
    return Entries{.names = {}, .is_hidden = true};
  const Handle<DIR, closedir> stream(opened ? fdopendir(opened.get()) : nullptr);
  if (stream == nullptr) return fail(system_error(fmt::format("list {}", printable(path)), errno));
  static_cast<void>(opened.release());
  Entries entries;
  while (const dirent* entry = readdir(stream.get())) {
    if (counts(entry->d_name)) entries.names.emplace_back(entry->d_name);
    if (entries.names.size() > kMostEntries) break;
  }
  std::sort(entries.names.begin(), entries.names.end());
  return entries;
}

bool has_directory(int directory, const char* name) noexcept {
  struct stat status {};
  return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

bool has_all_directories(int directory) noexcept {
  return std::all_of(kDirectories.begin(), kDirectories.end(),
                     [&](const char* name) { return has_directory(directory, name); });
}

// The format that the marker states; nullopt when there is none that can be read.
std::optional<std::uint64_t> marked_format(int directory) {
  const FileDescriptor file(
      openat(directory, kMarker, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  std::array<char, 64> text{};
  const ssize_t size = read(file.get(), text.data(), text.size());
  std::string_view line(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (!line.starts_with(kMarkerText)) return std::nullopt;
  line.remove_prefix(kMarkerText.size());
  const auto format = parse_unsigned(trim(line));
  return format == 0U ? std::nullopt : format;
}

// A directory is accepted if its content makes it a store, or if there is nothing to lose. One that
// an older release has handed over may hold other files of its owner. A directory of root's may
// not, because it would be handed over.
Result<void> check_content(int directory, const std::string& path, bool is_roots) {
  const Result<Entries> entries = entries_of(directory, path);
  if (!entries) return fail(entries.error());
  if (entries->is_hidden || entries->names.empty()) return {};
  if (const auto format = marked_format(directory)) {
    if (*format <= kDirectoryFormat) return {};
    return refuse(path, fmt::format("was made by a later release (format {}, and this one knows "
                                    "{}); run that release, or name another directory",
                                    *format, kDirectoryFormat));
  }
  const auto foreign =
      std::find_if_not(entries->names.begin(), entries->names.end(), is_store_name);
  const bool is_clean = foreign == entries->names.end();
  // An agent leaves files of its own before it makes the directories.
  const bool is_begun =
      is_clean &&
      std::any_of(entries->names.begin(), entries->names.end(), [](const std::string& name) {
        return name.starts_with("agent-") || name.starts_with("settings-") ||
               name.starts_with("trouble-");
      });
  if (is_begun || (has_all_directories(directory) && (is_clean || !is_roots))) return {};
  const std::string& sample = foreign == entries->names.end() ? entries->names.front() : *foreign;
  return not_ours(path,
                  fmt::format("holds \"{}\" and was not made by this program", printable(sample)));
}

// Refuses a directory in which others could have put something.
Result<void> check_writers(int directory, const std::string& path, const struct stat& status) {
  if (!is_writable_by_others(status.st_mode)) return {};
  const Result<Entries> entries = entries_of(directory, path);
  if (!entries || entries->is_hidden || entries->names.empty()) return {};
  return distrust(path,
                  fmt::format("can be written by others than its owner (mode {:04o}), who may "
                              "have put keys and certificates there; look what it holds, "
                              "then: chmod 700 {}",
                              status.st_mode & 07777U, printable(path)));
}

// Where everybody may make directories, only one made by root or the keeper can be trusted.
bool is_in_public_place(const std::string& path) noexcept {
  struct stat status {};
  return stat(place_of(path, real_path(path)).c_str(), &status) == 0 &&
         (status.st_mode & S_IWOTH) != 0;
}

Result<void> check_owner(const std::string& path, uid_t owner, uid_t keeper) {
  const bool may_be_handed_over = owner == kRoot && geteuid() == kRoot;
  if (owner == keeper || may_be_handed_over) return {};
  const std::string whose = user_text(keeper);
  return refuse(path, fmt::format("belongs to {} and not to {}, who is to keep it; name another "
                                  "one, or hand it over when it is nobody else's: chown -hR {} {}",
                                  user_text(owner), whose, whose, printable(path)));
}

Result<void> check_opened(int directory, const std::string& path, uid_t keeper) {
  struct stat status {};
  if (fstat(directory, &status) != 0) {
    return fail(system_error(fmt::format("read {}", printable(path)), errno));
  }
  const bool is_roots = status.st_uid == kRoot && keeper != kRoot;
  Result<void> good = check_owner(path, status.st_uid, keeper);
  if (good) good = check_content(directory, path, is_roots);
  if (good) good = check_writers(directory, path, status);
  return good;
}

Result<void> check_place(const std::string& path) {
  if (Result<void> good = check_links(path, path, kMostLinks); !good) return good;
  const std::string real = real_path(path);
  if (std::find(kOfTheSystem.begin(), kOfTheSystem.end(), real) != kOfTheSystem.end()) {
    return not_ours(
        path, real == path ? "is a directory of the system"
                           : fmt::format("is \"{}\", a directory of the system", printable(real)));
  }
  return check_way(path, place_of(path, real));
}

}  // namespace

bool is_store_name(const std::string& name) noexcept {
  const auto starts = [&](std::string_view prefix) { return name.starts_with(prefix); };
  return std::find(kDirectories.begin(), kDirectories.end(), name) != kDirectories.end() ||
         std::find(kFiles.begin(), kFiles.end(), name) != kFiles.end() ||
         std::any_of(kPrefixes.begin(), kPrefixes.end(), starts) ||
         (is_temporary_name(name) && std::any_of(kFiles.begin(), kFiles.end(), starts));
}

std::optional<Error> distrust_of_store(const std::string& path, const std::string& user) {
  Result<void> good = check_place(path);
  const FileDescriptor directory(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (good && directory && fstat(directory.get(), &status) == 0) {
    good = check_writers(directory.get(), path, status);
    const bool is_anybodys = status.st_uid != kRoot && status.st_uid != geteuid();
    const auto account = find_account(user.empty() ? kDefaultAccount : user);
    const bool is_accounts = account && account->user == status.st_uid;
    if (good && is_anybodys && !is_accounts && is_in_public_place(path)) {
      good = distrust(path, fmt::format("was made by {} in a place where everybody may make one",
                                        user_text(status.st_uid)));
    }
  }
  const bool is_believed = good || good.error().kind() != ErrorKind::rejected;
  return is_believed ? std::nullopt : std::optional<Error>(good.error());
}

DirectoryContent content_of_directory(const std::string& path) {
  const FileDescriptor directory(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) {
    if (errno == ENOENT) return DirectoryContent::nothing;
    return errno == ENOTDIR ? DirectoryContent::foreign : DirectoryContent::store;
  }
  const Result<Entries> entries = entries_of(directory.get(), path);
  if (!entries || entries->is_hidden) return DirectoryContent::store;
  if (entries->names.empty()) return DirectoryContent::nothing;
  const bool is_ours =
      std::all_of(entries->names.begin(), entries->names.end(), [](const std::string& name) {
        return is_store_name(name) || name.find(kTemporaryMark) != std::string::npos;
      });
  return is_ours || marked_format(directory.get()) || has_all_directories(directory.get())
             ? DirectoryContent::store
             : DirectoryContent::foreign;
}

Result<FileDescriptor> open_state_directory(const std::string& path, uid_t keeper) {
  if (Result<void> good = check_place(path); !good) return pass(std::move(good));
  FileDescriptor directory(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno == ENOTDIR) return refuse(path, "is not a directory");
  if (!directory) return fail(system_error(fmt::format("entering {}", printable(path)), errno));
  if (Result<void> good = check_opened(directory.get(), path, keeper); !good) {
    return pass(std::move(good));
  }
  return directory;
}

Result<void> check_state_directory(const std::string& path, uid_t keeper) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOTDIR) return refuse(path, "cannot be made: there is a file above it");
    return check_place(path);
  }
  const Result<FileDescriptor> directory = open_state_directory(path, keeper);
  // The agent finds out what cannot be looked at now.
  if (directory || (directory.error().kind() != ErrorKind::rejected &&
                    directory.error().kind() != ErrorKind::invalid)) {
    return {};
  }
  return fail(directory.error());
}

Result<void> mark_as_store(const std::string& path, const FileAccess& access) {
  const FileDescriptor directory(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return fail(system_error(fmt::format("open {}", printable(path)), errno));
  if (Result<void> good = check_content(directory.get(), path, false); !good) return good;
  if (marked_format(directory.get())) return {};
  Result<void> marked =
      write_file_atomically(fmt::format("{}/{}", path, kMarker),
                            fmt::format("{}{}\n", kMarkerText, kDirectoryFormat), access);
  // A store of an older release, perhaps on a read-only file system, is recognised without the
  // marker.
  return has_all_directories(directory.get()) ? Result<void>() : marked;
}

}  // namespace ccm::store
