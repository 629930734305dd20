// SPDX-License-Identifier: Apache-2.0
#include "base/url.h"

#include <algorithm>

#include "base/text.h"

namespace ccm {

std::optional<UrlParts> url_parts(std::string_view url) noexcept {
  constexpr std::string_view kSeparator = "://";
  const std::size_t colon = url.find(kSeparator);
  if (colon == std::string_view::npos) return std::nullopt;
  UrlParts parts;
  parts.scheme = url.substr(0, colon);
  const std::string_view rest = url.substr(colon + kSeparator.size());
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  parts.authority = rest.substr(0, end);
  parts.path = rest.substr(end);
  parts.host = parts.authority;
  const std::size_t port = parts.authority.rfind(':');
  const std::size_t bracket = parts.authority.rfind(']');
  if (port == std::string_view::npos || (bracket != std::string_view::npos && port < bracket)) {
    return parts;
  }
  parts.host = parts.authority.substr(0, port);
  parts.port = parts.authority.substr(port + 1);
  return parts;
}

bool is_plain_http(std::string_view url) noexcept {
  const std::optional<UrlParts> parts = url_parts(url);
  return parts && equals_ignoring_case(parts->scheme, "http");
}

}  // namespace ccm
