// SPDX-License-Identifier: Apache-2.0
// Where tests find what is kept in the source tree.
#pragma once

#include <string>

namespace ccm::test {

// The path of a file of the source tree, named from its top: "tests/data/…", "docs/…".
std::string in_source_tree(const std::string& path);

}  // namespace ccm::test
