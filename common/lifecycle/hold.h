// SPDX-License-Identifier: Apache-2.0
// An operator's word that a version stays current although the engine could do better: what a
// rollback would be without it is undone at the next look at the cloud. The record "hold" of its
// certificate; meaningless as soon as another version is current.
#pragma once

#include <string>

#include "base/result.h"
#include "store/store.h"

namespace ccm::lifecycle {

// The version that is held on to; 0 when none is.
store::VersionNumber held_version(const store::StoreReader& store, const std::string& name);
Result<void> hold(store::Store& store, const store::Lease& lease, const std::string& name,
                  store::VersionNumber version);
// Fine when nothing is held.
Result<void> release(store::Store& store, const store::Lease& lease, const std::string& name);

}  // namespace ccm::lifecycle
