// SPDX-License-Identifier: Apache-2.0
// The store on a local directory (layout: file_reader.h). Crash-only: kill -9 or a full disk at
// any system call leaves the old state or the new one. What a kernel lock cannot promise: on NFS it
// is only as good as the server's lock daemon, so the state directory belongs on a local disk.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace ccm::store {

// Creates the directory (owner-only) when it is missing and removes left-overs of interrupted
// writes when leadership is taken. `rejected` when the directory holds something else than a store.
Result<std::unique_ptr<Store>> open_file_store(const std::string& state_path);

}  // namespace ccm::store
