// SPDX-License-Identifier: Apache-2.0
// The end of a file that only grows, for who has read the rest before. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/file.h"

namespace ccm {

struct FileEnd {
  std::string content;
  std::uint64_t begin = 0;  // where it begins in the file
};

// What stands in the file from `offset` on, or at its very end when it is not as long. Fails as
// read_file() does; `limit` is for the whole file.
Result<FileEnd> read_file_end(const std::string& path, std::uint64_t offset, std::size_t limit,
                              Links links = Links::on_the_way);

}  // namespace ccm
