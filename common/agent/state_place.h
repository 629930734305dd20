// SPDX-License-Identifier: Apache-2.0
// The agent works in its current directory, whatever stands at the state path. This says whether
// both are still the same. Any thread; a few system calls.
#pragma once

#include <cstdint>
#include <string>

namespace ccm::agent {

enum class StatePlace : std::uint8_t {
  same,      // or the account may not look
  removed,   // the current directory has been removed
  replaced,  // another store stands at the path, such as a restored backup
  away,      // nothing that is a store stands there: it was moved, or is not mounted
};

StatePlace look_at_state_place(const std::string& state_path);

}  // namespace ccm::agent
