// SPDX-License-Identifier: Apache-2.0
#include "support/temp_directory.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <system_error>

namespace ccm::test {

namespace fs = std::filesystem;

TempDirectory::TempDirectory() : TempDirectory(fs::temp_directory_path()) {}

TempDirectory::TempDirectory(const fs::path& parent) {
  std::string pattern = (parent / "ccm-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    std::perror(pattern.c_str());
    std::abort();
  }
  path_ = pattern;
}

TempDirectory::~TempDirectory() {
  std::error_code failure;
  fs::remove_all(path_, failure);
  if (failure) {
    ADD_FAILURE() << "cannot remove " << path_ << ": " << failure.message();
  }
}

fs::path TempDirectory::write(std::string_view name, std::string_view content) const {
  fs::path file = path_ / name;
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  EXPECT_TRUE(out) << "cannot write " << file;
  return file;
}

fs::path memory_backed_parent() {
  const fs::path shared_memory = "/dev/shm";
  return access(shared_memory.c_str(), W_OK | X_OK) == 0 ? shared_memory
                                                         : fs::temp_directory_path();
}

std::string read_whole_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << "cannot open " << path;
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

}  // namespace ccm::test
