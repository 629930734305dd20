// SPDX-License-Identifier: Apache-2.0
// What an examination finds of a store without changing anything: who could read or change it, what
// is left of interrupted writes, who leads. Values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace ccm::store {

enum class Lead : std::uint8_t { never_taken, taken, free, unknown };

struct Survey {
  std::size_t entries = 0;
  std::string owner;                          // whose it is
  std::vector<std::string> open_files;        // that others than the owner may read or write
  std::vector<std::string> open_directories;  // the same
  std::vector<std::string> foreign;           // somebody else's
  std::vector<std::string> unreadable;
  std::vector<std::string> orphans;  // left of an interrupted write
  std::vector<std::string> strange;  // nothing that a store has
  std::vector<std::string> strays;   // among the certificates, and none of them
  Lead lead = Lead::unknown;
  std::string lead_problem = {};  // why it is unknown
};

}  // namespace ccm::store
