// SPDX-License-Identifier: Apache-2.0
// Removes what killed writers leave in a file store: temporary files and half-removed entries. A
// new leader calls it as the store's owner. One thread, with the lease.
#pragma once

#include "base/result.h"
#include "store/file_store/file_reader.h"

namespace ccm::store {

Result<void> remove_leftovers(const FileReader& reader);

}  // namespace ccm::store
