// SPDX-License-Identifier: Apache-2.0
// The agent works in its current directory, whatever is at the state path by now. This tells
// whether both are still the same directory. Any thread; a few system calls.
#pragma once

#include <cstdint>
#include <string>

namespace ccm::agent {

enum class StatePlace : std::uint8_t {
  same,      // or the account may not look at it
  removed,   // the current directory has been removed
  replaced,  // another store stands at the path, such as a restored backup
  away,      // nothing there is a store: it was moved, or is not mounted
};

StatePlace look_at_state_place(const std::string& state_path);

}  // namespace ccm::agent
