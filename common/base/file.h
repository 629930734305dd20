// SPDX-License-Identifier: Apache-2.0
// Files as the store needs them: whole, owner-only and atomic. A reader sees the old content or the
// new one, never a mixture, after kill -9 or a power cut at any system call: temporary file, fsync,
// rename, fsync of the directory. What this cannot promise: on a file system without rename
// atomicity (some FUSE mounts), or on a disk that lies about fsync, the guarantee is the disk's.
//
// Free functions; any process; callers serialise writers of one path.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/handle.h"
#include "base/result.h"
#include "base/secret.h"

namespace ccm {

inline constexpr mode_t kOwnerOnlyFile = 0600;
inline constexpr mode_t kOwnerOnlyDirectory = 0700;
// What a killed writer leaves behind has this in its name.
inline constexpr std::string_view kTemporaryMark = ".tmp-";
// Whether a name is one that write_file_atomically gives to a file until it is complete.
bool is_temporary_name(std::string_view name) noexcept;

// Gives a file its mode, because a umask may have changed it. Changes nothing when the mode is
// right already: a change wakes whoever watches the directory, so a process that tries to write
// again and again would wake itself.
bool set_mode(int file, mode_t mode);

// More entries than any directory of a store has.
inline constexpr std::size_t kMostEntries = 1'000'000;

// Whether to follow symbolic links in the directories above a file. In a store, its account could
// place links to mislead a reader that is root.
enum class Links : bool { on_the_way, nowhere };

// The whole file. Fails with `invalid` when it is larger than `limit` bytes, not a regular file, or
// its last path component is a symbolic link; `rejected` when it does not exist.
Result<std::string> read_file(const std::string& path, std::size_t limit,
                              Links links = Links::on_the_way);
// The same into wiped memory, for keys and credentials.
Result<Secret> read_secret_file(const std::string& path, std::size_t limit,
                                Links links = Links::on_the_way);
// The same, with the owner of the file.
struct OwnedFile {
  std::string content;
  uid_t owner = 0;
  mode_t mode = 0;
};
Result<OwnedFile> read_owned_file(const std::string& path, std::size_t limit);
inline bool is_writable_by_others(mode_t mode) noexcept {
  return (mode & (S_IWGRP | S_IWOTH)) != 0;
}
// `rejected` unless one of the owners owns the file and nobody else may write it.
Result<Secret> read_secret_file_of(std::span<const uid_t> owners, const std::string& path,
                                   std::size_t limit);

// The owner and mode of a new file: our own and owner-only by default. Only root may give it to
// another user.
inline constexpr uid_t kSameUser = static_cast<uid_t>(-1);
inline constexpr gid_t kSameGroup = static_cast<gid_t>(-1);
struct FileAccess {
  mode_t mode = kOwnerOnlyFile;
  uid_t owner = kSameUser;
  gid_t group = kSameGroup;
};

// Replaces `path` atomically with a new file that holds `content`. On failure the old file is
// untouched and the temporary one removed. Until it has its name, the new file is locked (flock),
// which distinguishes a living writer from a killed one: the kernel releases the locks of a dead
// process.
Result<void> write_file_atomically(const std::string& path, std::string_view content,
                                   const FileAccess& access = {});
// As write_file_atomically, and owner-only, but without fsync. A kill leaves the old file or the
// new one. A power cut may leave either of them, an empty file or a part. For content that its
// reader checks and can do without; it saves two writes to the disk.
Result<void> write_file_unsynced(const std::string& path, std::string_view content);
// Removes a temporary file whose writer is dead. Leaves a file that is still being written, one
// that is not a regular file, and every file where the file system has no locks.
Result<void> remove_if_abandoned(const std::string& path);
// Writes a new owner-only file and fsyncs it; for files inside a directory that is renamed as one.
// On failure the file is removed.
Result<void> write_new_file(const std::string& path, std::string_view content);
// The same for several, which the disk gets at one time instead of one after the other. They are
// written in this order. On failure all of them are removed.
struct NewFile {
  std::string path;
  std::string_view content;
};
Result<void> write_new_files(std::span<const NewFile> files);
// Points the symbolic link at `path` to `target` atomically.
Result<void> replace_symlink(const std::string& path, const std::string& target);

// Creates the directory and missing parents, each owner-only; existing ones are left as they are.
Result<void> make_directories(const std::string& path);
// Creates one owner-only directory and syncs nothing: for one that is renamed when it is complete.
Result<void> make_unsynced_directory(const std::string& path);
// fsync of a directory, so that a rename in it survives a power cut.
Result<void> sync_directory(const std::string& path);
// The names in a directory without "." and "..", sorted; empty when it does not exist. `invalid`
// when there are more than kMostEntries.
Result<std::vector<std::string>> list_directory(const std::string& path,
                                                Links links = Links::on_the_way);
// The same of those that are directories.
Result<std::vector<std::string>> list_subdirectories(const std::string& path,
                                                     Links links = Links::on_the_way);
// Removes a directory with everything in it, never following a symbolic link; fine when absent.
Result<void> remove_tree(const std::string& path);

// The path of the running program; empty when it is not known.
std::string program_path();

}  // namespace ccm
