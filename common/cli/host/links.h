// SPDX-License-Identifier: Apache-2.0
// Where symbolic links lead. Any thread.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace ccm::cli {

// What the link holds; empty when it is none, or cannot be read.
inline std::string link_text(const std::string& path) {
  std::error_code error;
  return std::filesystem::read_symlink(path, error).string();
}

// Absolute and without links; the path as it is when nothing is there.
inline std::string real_path(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

}  // namespace ccm::cli
