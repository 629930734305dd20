// SPDX-License-Identifier: Apache-2.0
// Writes everything to a descriptor, in as many calls as that takes. Any thread and process.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string_view>

namespace ccm {

// False with the reason in errno; then a part of the content may have been written.
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
