// SPDX-License-Identifier: Apache-2.0
// Filters, order and pages common to PCA's lists (API reference 4.2.1.1 and 4.2.2.1).
#pragma once

#include <string>
#include <vector>

#include "service/operation.h"

namespace emulator {

// Applies name, status, sort_key, sort_dir, limit and offset to the views of one account.
Reply pca_page(const Call& call, std::vector<json> views, const char* list_name);

}  // namespace emulator
