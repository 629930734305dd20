// SPDX-License-Identifier: Apache-2.0
// What may name a certificate, or the kind of a record, in any store. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace ccm::store {

inline constexpr std::size_t kMaxEntryName = 128;

// [A-Za-z0-9._-]{1,128} without a leading dot: what may become a path component. A store asks for
// itself, whoever vouched for the name before.
Result<void> check_entry_name(std::string_view name);

}  // namespace ccm::store
