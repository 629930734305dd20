// SPDX-License-Identifier: Apache-2.0
// A change of a certificate's head in a fleet: begun from what is known of the head, committed by
// the leader. What only this host has joins the fleet with the change. For the store, under its
// host's lock.
#pragma once

#include <string>

#include "base/result.h"
#include "fleet/store/draft.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_host.h"
#include "store/file_store/file_reader.h"
#include "store/store.h"

namespace ccm::fleet {

// The certificate's head, to be changed. Adds to the draft what the fleet does not have yet.
Result<Head> begin_head(FleetHost& host, const store::FileReader& copy, const std::string& name,
                        Draft& draft);
Result<void> commit_head(FleetHost& host, const store::Lease& lease, const std::string& name,
                         Head head, Draft draft);

// Brings into the fleet what only this host has, from before the fleet or from before its etcd was
// lost.
Result<void> adopt_copy(FleetHost& host, const store::FileReader& copy, const store::Lease& lease);

}  // namespace ccm::fleet
