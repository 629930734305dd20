// Files as the store needs them: whole, owner-only and atomic. A reader sees the old content or the
// new one, never a mixture, after kill -9 or a power cut at any system call: temporary file, fsync,
// rename, fsync of the directory. What this cannot promise: on a file system without rename
// atomicity (some FUSE mounts), or on a disk that lies about fsync, the guarantee is the disk's.
//
// Free functions; any process; callers serialise writers of one path.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/handle.h"
#include "base/result.h"
#include "base/secret.h"

namespace ccm {

inline constexpr mode_t kOwnerOnlyFile = 0600;
inline constexpr mode_t kOwnerOnlyDirectory = 0700;
// What a killed writer leaves behind has this in its name and may be removed by whoever holds the
// writers' lock.
inline constexpr std::string_view kTemporaryMark = ".tmp-";

// The whole file. Fails with `invalid` when it is larger than `limit` bytes, not a regular file, or
// its last path component is a symbolic link; `rejected` when it does not exist.
Result<std::string> read_file(const std::string& path, std::size_t limit);
// The same into wiped memory, for keys and credentials.
Result<Secret> read_secret_file(const std::string& path, std::size_t limit);

// Replaces `path` atomically with an owner-only file that holds `content`. On failure the old file
// is untouched and the temporary one removed.
Result<void> write_file_atomically(const std::string& path, std::string_view content);
// Writes a new owner-only file and fsyncs it; for files inside a directory that is renamed as one.
// On failure the file is removed.
Result<void> write_new_file(const std::string& path, std::string_view content);
// Points the symbolic link at `path` to `target` atomically.
Result<void> replace_symlink(const std::string& path, const std::string& target);

// Creates the directory and missing parents, each owner-only; existing ones are left as they are.
Result<void> make_directories(const std::string& path);
// fsync of a directory, so that a rename in it survives a power cut.
Result<void> sync_directory(const std::string& path);
// The names in a directory without "." and "..", sorted; empty when it does not exist.
Result<std::vector<std::string>> list_directory(const std::string& path);
// Removes a directory with everything in it, never following a symbolic link; fine when absent.
Result<void> remove_tree(const std::string& path);

// The file of the running program; empty when that cannot be told.
std::string program_path();

}  // namespace ccm
