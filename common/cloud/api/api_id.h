// SPDX-License-Identifier: Apache-2.0
// Identifiers of the services as they go into paths. Pure.
#pragma once

#include <string_view>

#include "base/result.h"

namespace ccm::cloud {

// 1 to 64 of A-Z a-z 0-9 _ - (docs/design/differences.md, "IDs").
inline bool is_api_id(std::string_view id) noexcept {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !id.empty() && id.size() <= 64 && id.find_first_not_of(kAllowed) == std::string_view::npos;
}

// `invalid` for an id that cannot be one; `what` names it, such as "certificate id".
Result<void> require_api_id(std::string_view id, std::string_view what);

}  // namespace ccm::cloud
