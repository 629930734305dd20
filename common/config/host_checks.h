// SPDX-License-Identifier: Apache-2.0
// What a configuration test can see of the host without a network and without the store: files that
// must be there, the account, the agent program. Reads no secret. Run by the server's configuration
// test and start; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace ccm::config {

struct HostFinding {
  bool fatal;            // the configuration cannot work; otherwise a warning
  std::string sentence;  // what is wrong and what would be right
};

// Empty when nothing is wrong. A process without root's rights reports nothing about what it may
// not look at: the one that starts the server may.
std::vector<HostFinding> check_host(const Config& config);

// Findings as the agent's program hands them to the server that asked (launch/launch.h): one a
// line, closed by a line of its own, so that an answer that was cut short is none. `invalid` for
// anything else.
std::string encode_findings(const std::vector<HostFinding>& findings);
Result<std::vector<HostFinding>> decode_findings(std::string_view text);

}  // namespace ccm::config
