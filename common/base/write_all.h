// SPDX-License-Identifier: Apache-2.0
// Writes to a descriptor however many calls that takes. Any thread and process.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string_view>

namespace ccm {

// False with the reason in errno; a part of it may be written then.
inline bool write_all(int descriptor, std::string_view content) noexcept {
  while (!content.empty()) {
    const ssize_t count = write(descriptor, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) errno = ENOSPC;
    if (count <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace ccm
