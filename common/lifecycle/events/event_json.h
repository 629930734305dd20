// SPDX-License-Identifier: Apache-2.0
// An event as JSON. Hooks and `ccmctl events --json` get the same object. Pure; any thread.
#pragma once

#include <string>

#include "base/event.h"

namespace ccm::lifecycle {

// One JSON object without a line feed. Members without a value are left out.
std::string event_json(const Event& event);

}  // namespace ccm::lifecycle
