// SPDX-License-Identifier: Apache-2.0
#include "support/folders.h"

namespace ccm::test {

std::string in_source_tree(const std::string& path) {
  return CCM_SOURCE_FOLDER "/" + path;
}

}  // namespace ccm::test
