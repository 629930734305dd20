// SPDX-License-Identifier: Apache-2.0
// Splits a URL into its parts (RFC 3986 section 3). Does not check the parts: each caller checks
// what it needs. Pure.
//
// libcurl's URL API is not used for it: configuration is read without curl, and libcurl 7.61, which
// we support, does not have it yet.
#pragma once

#include <optional>
#include <string_view>

namespace ccm {

// Views into the URL.
struct UrlParts {
  std::string_view scheme;               // as spelt
  std::string_view authority;            // host with the port as spelt, and user and password
  std::string_view host;                 // without port; brackets of an IPv6 address are kept
  std::optional<std::string_view> port;  // as spelt; nullopt: no colon behind the host
  std::string_view path;                 // from the first slash on; with query and fragment
};

// nullopt without "://".
std::optional<UrlParts> url_parts(std::string_view url) noexcept;

// Whether the scheme is "http", in any case.
bool is_plain_http(std::string_view url) noexcept;

}  // namespace ccm
