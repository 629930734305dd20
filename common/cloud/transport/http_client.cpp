// SPDX-License-Identifier: Apache-2.0
#include "cloud/transport/http_client.h"

#include <algorithm>

#include "base/text.h"

namespace ccm::cloud {

bool is_header_safe(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::string_view HttpResponse::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

}  // namespace ccm::cloud
