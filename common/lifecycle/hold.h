// SPDX-License-Identifier: Apache-2.0
// An operator's word that a version stays current although the engine could do better: what a
// rollback would be without it is undone at the next look at the cloud. The record "hold" of its
// certificate; meaningless as soon as another version is current.
#pragma once

#include <string>

#include "base/result.h"
#include "lifecycle/store.h"

namespace ccm::lifecycle {

// The version that is held on to; 0 when none is.
VersionNumber held_version(const Store& store, const std::string& name);
Result<void> hold(Store& store, const Lease& lease, const std::string& name, VersionNumber version);
// Fine when nothing is held.
Result<void> release(Store& store, const Lease& lease, const std::string& name);

}  // namespace ccm::lifecycle
