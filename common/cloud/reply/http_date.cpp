// SPDX-License-Identifier: Apache-2.0
#include "cloud/reply/http_date.h"

#include <ctime>

namespace ccm::cloud {

std::optional<Time> parse_http_date(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return Time{Seconds(timegm(&parts))};
}

}  // namespace ccm::cloud
