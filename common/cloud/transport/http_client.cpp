// SPDX-License-Identifier: Apache-2.0
#include "cloud/transport/http_client.h"

#include "base/text.h"

namespace ccm::cloud {

std::string_view HttpResponse::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

}  // namespace ccm::cloud
