// SPDX-License-Identifier: Apache-2.0
// Memory with a descriptor, for data that one process passes to another and that must not stay on a
// disk: a memfd or, where the system refuses that call, an unlinked file, on a file system in
// memory if there is one.
//
// Any process; the caller owns the descriptors.
#pragma once

#include <string>

#include "base/handle.h"
#include "base/result.h"

namespace ccm {

struct MemoryFile {
  FileDescriptor file;       // empty, read-write, owner-only, close-on-exec
  FileDescriptor read_only;  // of the same file; only where open_again_read_only() cannot
  std::string place;         // the directory where the file lies; empty: it is a memfd
  std::string reason;        // why it is not a memfd, as part of a sentence
};

// `name` is what the kernel shows of it. `last_resort` is a directory on disk that is used when
// neither memfd_create nor a directory in memory can be used; empty: none. The error says what was
// tried.
Result<MemoryFile> make_memory_file(const char* name, const std::string& last_resort);

// Whether /proc is there. An open file can be opened once more through it.
bool can_open_again() noexcept;
// A second descriptor of the same file that can only read.
Result<FileDescriptor> open_again_read_only(int file);

// Closes every descriptor from `first` on. Async-signal-safe.
void close_descriptors_from(int first) noexcept;

}  // namespace ccm
