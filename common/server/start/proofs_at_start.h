// SPDX-License-Identifier: Apache-2.0
// The proofs that authorities find at a server from its first moment (store/proof_record.h), before
// the agent publishes those of all certificates. One start of a server's master.
#pragma once

#include <span>
#include <string>

#include "server/start/bootstrap.h"
#include "server/start/previous.h"
#include "server/start/shortcuts.h"

namespace ccm::server {

// Those of the segment before this one. Without one, those of the store's entries. A server with a
// catalogue leaves out what is in the snapshot and its configuration does not name: few of 100,000
// have any, and asking each of them would delay the start. What another server of the store names
// is among them, so an authority that comes to this server for it must wait for the agent.
// `shortcuts`: nullptr when the store is not believed.
std::string proofs_at_start(const BootstrapRequest& request, const Previous& previous,
                            const Shortcuts* shortcuts, std::span<const std::string> entries);

}  // namespace ccm::server
