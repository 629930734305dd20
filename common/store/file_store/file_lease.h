// SPDX-License-Identifier: Apache-2.0
// Leadership of a file store: flock on leader.lock, whose content is the fencing token of the
// latest leader. The kernel releases the lock when its holder dies, however it dies; the descriptor
// is close-on-exec, so no program started by the holder keeps it. Any thread.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace ccm::store {

// nullptr when somebody else leads. `transient` when the new token cannot be written.
Result<std::unique_ptr<Lease>> acquire_lease(const std::string& state_path);
// `transient` when the store has seen a later leader than the holder of this lease.
Result<void> check_lease(const std::string& state_path, const Lease& lease);

}  // namespace ccm::store
