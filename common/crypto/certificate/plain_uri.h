// SPDX-License-Identifier: Apache-2.0
// URIs in certificates, as the strictest clients in use read them. Used inside the crypto room
// only; pure functions.
#pragma once

#include <string_view>

namespace ccm::crypto {

// Whether Go and Java both read it: a scheme and something after it, only the characters of RFC
// 3986, complete %-escapes and none in the host, and a valid host and port.
bool is_plain_uri(std::string_view uri) noexcept;

// The host of a plain URI, a view into it; empty when there is none or it is an address.
std::string_view domain_of(std::string_view uri) noexcept;

}  // namespace ccm::crypto
