// SPDX-License-Identifier: Apache-2.0
// The store on a local directory (layout: file_reader.h). Kill -9 or a full disk at any system call
// leaves the old state or the new one. Keep the state directory on a local disk: on NFS the lock is
// only as good as the server's lock daemon.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace ccm::store {

// Creates the directory (owner-only) when it is missing. try_lead() removes left-overs of
// interrupted writes. `rejected` when the directory holds something other than a store.
Result<std::unique_ptr<Store>> open_file_store(const std::string& state_path);

}  // namespace ccm::store
