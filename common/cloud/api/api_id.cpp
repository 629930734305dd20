// SPDX-License-Identifier: Apache-2.0
#include "cloud/api/api_id.h"

#include <fmt/format.h>

#include "base/text.h"

namespace ccm::cloud {

Result<void> require_api_id(std::string_view id, std::string_view what) {
  if (is_api_id(id)) return {};
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" is not a {}: it has 1 to 64 letters, digits, hyphens or "
                          "underscores",
                          printable(cut(id, 80)), what));
}

}  // namespace ccm::cloud
