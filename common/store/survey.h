// SPDX-License-Identifier: Apache-2.0
// What `ccmctl doctor` finds in a store, without changing anything: who can read or change it, what
// interrupted writes have left, who leads. Values.
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
  std::string owner;                          // account name
  std::vector<std::string> open_files;        // that not only the owner may read or write
  std::vector<std::string> open_directories;  // the same
  std::vector<std::string> foreign;           // owned by another account
  std::vector<std::string> unreadable;
  std::vector<std::string> orphans;  // of an interrupted write
  std::vector<std::string> strange;  // not a file of a store
  std::vector<std::string> strays;   // among the certificates, but no certificate
  Lead lead = Lead::unknown;
  std::string lead_problem = {};  // why it is unknown
};

}  // namespace ccm::store
