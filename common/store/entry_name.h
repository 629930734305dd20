// SPDX-License-Identifier: Apache-2.0
// The rule for names of certificates and kinds of records, the same in every store. Pure; any
// thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace ccm::store {

inline constexpr std::size_t kMaxEntryName = 128;

// `invalid` unless the name is [A-Za-z0-9._-]{1,128} without a leading dot, so that it can be a
// path component. A store checks every name itself, even if its caller has checked it.
Result<void> check_entry_name(std::string_view name);

}  // namespace ccm::store
