// SPDX-License-Identifier: Apache-2.0
// The agent proper: one process with the credentials, the store and the publication
// (docs/design/design.md, "Processes"). The main thread never waits for the cloud: it watches the
// lifeline and the store, publishes, tries to lead, and hands due work to the engine's threads.
//
// Called in the monitor's child, once. Order: settings, what only root may read, the state
// directory, the agent's own user, then the loop.
#pragma once

#include "agent/process/pulse.h"
#include "config/input/wire.h"

namespace ccm::agent {

// Runs the agent until it cannot continue; returns the exit status. When the lifeline ends, the
// process exits at once and this does not return.
int run_service(const config::Handover& handover, const Pulse& pulse) noexcept;

}  // namespace ccm::agent
