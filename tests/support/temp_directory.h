// SPDX-License-Identifier: Apache-2.0
// A fresh directory for one test, removed with everything in it when the object goes. Owned by the
// test (usually a fixture member); each object has a directory of its own, so tests may run side by
// side.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace ccm::test {

class TempDirectory {
 public:
  // Below $TMPDIR (or /tmp), mode 0700. Aborts the test program if it cannot be made.
  TempDirectory();
  // The same below another folder.
  explicit TempDirectory(const std::filesystem::path& parent);
  ~TempDirectory();

  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  // Writes a file below the directory, making the folders on the way; returns its path.
  std::filesystem::path write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

// A parent for tests that sync files hundreds of times: in memory where the machine allows it.
std::filesystem::path memory_backed_parent();

// The whole content of a file; fails the current test and returns "" if it cannot be read.
std::string read_whole_file(const std::filesystem::path& path);

}  // namespace ccm::test
