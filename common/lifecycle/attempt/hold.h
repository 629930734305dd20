// SPDX-License-Identifier: Apache-2.0
// That a version stays current although the engine could do better: what a rollback would be
// without it is undone at the next look at the cloud. It is an operator's word, or the end of a
// canary (canary.h). The record "hold" of its certificate; meaningless as soon as another version
// is current.
#pragma once

#include <string>

#include "base/result.h"
#include "store/store.h"

namespace ccm::lifecycle {

// The version that is held on to; 0 when none is.
store::VersionNumber held_version(const store::StoreReader& store, const std::string& name);
// The version that was taken back at the end of its canary, for which another one is held since; 0
// when an operator holds on to it, or nothing is held.
store::VersionNumber refused_canary(const store::StoreReader& store, const std::string& name);
// `refused`: as refused_canary().
Result<void> hold(store::Store& store, const store::Lease& lease, const std::string& name,
                  store::VersionNumber version, store::VersionNumber refused = 0);
// Fine when nothing is held.
Result<void> release(store::Store& store, const store::Lease& lease, const std::string& name);

}  // namespace ccm::lifecycle
