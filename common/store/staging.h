// SPDX-License-Identifier: Apache-2.0
// A version that is stored and not current yet, because its certificate may change at certain
// hours only (lifecycle/activation.h). The record "staged" of its certificate; meaningless as soon
// as that version or a later one is current. No store removes a staged version.
//
// Any process may read it; whoever holds the lease writes it.
#pragma once

#include <string>

#include "base/result.h"
#include "store/store.h"

namespace ccm::store {

// 0 when none waits.
VersionNumber staged_version(const StoreReader& store, const std::string& name);
Result<void> stage(Store& store, const Lease& lease, const std::string& name,
                   VersionNumber version);
// Fine when none waits. The version stays, as one that is not current.
Result<void> unstage(Store& store, const Lease& lease, const std::string& name);

}  // namespace ccm::store
