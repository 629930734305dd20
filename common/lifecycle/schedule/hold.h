// SPDX-License-Identifier: Apache-2.0
// A hold: a version stays current although the engine could get a better one. Without it the next
// look at the cloud would undo a rollback. An operator sets it, or the end of a canary does
// (attempt/canary.h). It is the record "hold" of its certificate, and means nothing once another
// version is current.
#pragma once

#include <string>

#include "base/result.h"
#include "store/store.h"

namespace ccm::lifecycle {

// The version that is held; 0 when none is.
store::VersionNumber held_version(const store::StoreReader& store, const std::string& name);
// The version that was taken back at the end of its canary, so that another one is held since; 0
// when an operator has set the hold, or when nothing is held.
store::VersionNumber refused_canary(const store::StoreReader& store, const std::string& name);
// `refused`: as refused_canary() returns it.
Result<void> hold(store::Store& store, const store::Lease& lease, const std::string& name,
                  store::VersionNumber version, store::VersionNumber refused = 0);
// Succeeds when nothing is held.
Result<void> release(store::Store& store, const store::Lease& lease, const std::string& name);

}  // namespace ccm::lifecycle
