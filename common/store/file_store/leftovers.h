// SPDX-License-Identifier: Apache-2.0
// What killed writers leave in a file store: temporary files, and entries on their way out. Swept
// by whoever begins to lead, in the store's owner's name. One thread, with the lease.
#pragma once

#include "base/result.h"
#include "store/file_store/file_reader.h"

namespace ccm::store {

Result<void> remove_leftovers(const FileReader& reader);

}  // namespace ccm::store
