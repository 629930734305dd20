// SPDX-License-Identifier: Apache-2.0
// Checks for the configuration test whether the agent could work with these settings on this host.
// It uses the agent's own code (to read the credentials, to load trusted certificates, to choose
// the account), so that the answer cannot differ from what happens later. Uses no network and
// changes nothing.
//
// Called once, in a process that ends with its answer; as root where the server is started by root.
#pragma once

#include <vector>

#include "base/result.h"
#include "config/checks/host_checks.h"
#include "config/config.h"

namespace ccm::agent {

// A finding is fatal when the configuration names something unusable, on whatever host. Everything
// else, such as a state directory on a read-only file system, is a warning, because the server
// still starts and shows the certificates it has. A process that is not root reports nothing about
// files that it may not look at.
std::vector<config::HostFinding> check_work(const config::Config& config);

// Whether an agent could work with the credentials, the proxy's password, the trusted certificates
// and what leads to the fleet as they are now; the sentence names the file. Without network.
Result<void> try_accesses(const config::Config& config);

}  // namespace ccm::agent
