// SPDX-License-Identifier: Apache-2.0
// Looks for the file that proves a domain before an authority does, and in the same way: at every
// address of the domain's name, over http on port 80, otherwise over https on port 443 with any
// certificate, without following a redirect. Uses no proxy, because an authority does not either.
// Blocks for a bounded time, at most three minutes. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace ccm::cloud {

struct FilePlaces {
  // Where to ask, without brackets; empty: what the domain's name leads to.
  std::vector<std::string> addresses = {};
  std::uint16_t http_port = 80;
  std::uint16_t https_port = 443;
};

// Success when every address that can be reached answers with the value. `pending` when one does
// not: one sentence about what is there, what should be there, and where. `transient` when no
// address can be reached from this host. `file`: a file's name, below /.well-known/pki-validation/.
Result<void> look_for_file(const std::string& domain, const std::string& file,
                           const std::string& value, const FilePlaces& places = {});

}  // namespace ccm::cloud
