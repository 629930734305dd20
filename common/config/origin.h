// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ccm::config {

// Where the operator wrote something, for the sentence about it.
struct Origin {
  std::string file;
  unsigned line = 0;
};

}  // namespace ccm::config
