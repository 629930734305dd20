// SPDX-License-Identifier: Apache-2.0
// Where symbolic links lead. Any thread.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace ccm::cli {

// The link's target; empty when the path is no link or cannot be read.
inline std::string link_text(const std::string& path) {
  std::error_code error;
  return std::filesystem::read_symlink(path, error).string();
}

// The absolute path without links; the path as given when nothing is there.
inline std::string real_path(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

}  // namespace ccm::cli
