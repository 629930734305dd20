// SPDX-License-Identifier: Apache-2.0
// A small file that its writers replace as a whole (file.h), for who asks for it again and again:
// it is read only when another one lies there. Of one that also grows, only the new part is read.
// Of one that is written in place, a change is missed that follows another one at once and leaves
// the size as it was.
// What was read stays open, so that no later file can have its number (inode) and be taken for it.
//
// Belongs to one thread at a time.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/handle.h"

namespace ccm {

class KeptFile {
 public:
  KeptFile(std::string path, std::size_t limit) : path_(std::move(path)), limit_(limit) {}

  // Looks at the file. True when the content has changed since the last call, or may have changed.
  bool look();
  // The same for a file whose writers only replace it or add to it.
  bool look_for_more();
  // How many bytes of the content, from its beginning, are the same as before that call.
  std::size_t kept() const noexcept { return kept_; }
  // As of the last look(); nullopt when it cannot be read (read_file with Links::nowhere).
  const std::optional<std::string>& content() const noexcept { return content_; }

 private:
  bool is_the_same(const struct stat& there) const noexcept;
  bool has_grown(const struct stat& there) const noexcept;
  bool read_more();

  std::string path_;
  std::size_t limit_;
  FileDescriptor file_;  // the file that was read
  struct stat status_ {};
  std::optional<std::string> content_;
  std::size_t kept_ = 0;
};

}  // namespace ccm
