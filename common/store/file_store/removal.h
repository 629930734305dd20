// SPDX-License-Identifier: Apache-2.0
// Takes a certificate out of a file store, whole or but for its versions. Callers serialise writers
// and hold the lease.
#pragma once

#include <string>

#include "base/result.h"

namespace ccm::store {

// `rejected` when there is no such entry. First out of sight as a whole, so that a kill leaves all
// of it or nothing that counts.
Result<void> remove_entry(const std::string& state_path, const std::string& name);
// Removes the records of an entry, and leaves the mark (forgetting.h).
Result<void> strip_entry(const std::string& state_path, const std::string& name);
// Removes what a killed remove_entry() left.
Result<void> finish_removals(const std::string& state_path);

}  // namespace ccm::store
