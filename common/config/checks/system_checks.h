// SPDX-License-Identifier: Apache-2.0
// What certificates need and the kernel, or the unit in which the server runs, forbids. Nothing
// here stops the server: each finding says what happens instead and how to allow it. Costs a few
// system calls; used by check_host() (host_checks.h).
#pragma once

#include <string>
#include <vector>

namespace ccm::config {

// One sentence for each missing thing.
std::vector<std::string> check_system(const std::string& state_path);

}  // namespace ccm::config
