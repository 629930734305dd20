// SPDX-License-Identifier: Apache-2.0
// What a configuration test checks on the host without network and store: files that must exist,
// the account, the agent program. Reads no secret. Run by the server's configuration test and
// start; any thread.
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

// Empty when nothing is wrong. A process without root's rights does not report files that it may
// not look at, because the process that starts the server may have those rights.
std::vector<HostFinding> check_host(const Config& config);

// The findings in the form in which the agent's program returns them to the server
// (launch/launch.h): one per line, and a last line that marks the end, so that a truncated answer
// is recognised. `invalid` for anything else.
std::string encode_findings(const std::vector<HostFinding>& findings);
Result<std::vector<HostFinding>> decode_findings(std::string_view text);

}  // namespace ccm::config
