// What a configuration test can see of the host without a network and without the store: files that
// must be there, the account, the agent program. Reads no secret. Run by the server's configuration
// test and start; any thread.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace ccm::config {

struct HostFinding {
  bool fatal;            // the configuration cannot work; otherwise a warning
  std::string sentence;  // what is wrong and what would be right
};

// Empty when nothing is wrong. A process without root's rights reports nothing about what it may
// not look at: the one that starts the server may.
std::vector<HostFinding> check_host(const Config& config);

}  // namespace ccm::config
