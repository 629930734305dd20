// SPDX-License-Identifier: Apache-2.0
// Removes a certificate from a file store, with or without its versions. Callers serialise writers
// and hold the lease.
#pragma once

#include <string>

#include "base/result.h"

namespace ccm::store {

// `rejected` when there is no such entry. Renames the entry first, so that a kill leaves all of it,
// or nothing that readers see.
Result<void> remove_entry(const std::string& state_path, const std::string& name);
// Removes the records of an entry and marks it as forgotten (forgetting.h).
Result<void> strip_entry(const std::string& state_path, const std::string& name);
// Removes what a killed remove_entry() has left.
Result<void> finish_removals(const std::string& state_path);

}  // namespace ccm::store
