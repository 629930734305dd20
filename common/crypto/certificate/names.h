// SPDX-License-Identifier: Apache-2.0
// Server names and which certificate names cover them. Pure functions.
//
// Names are kept in one canonical form: lower case, A-labels (ascii_name.h), no trailing dot; IP
// addresses in the text form of inet_ntop, without brackets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ccm::crypto {

// The canonical form of a DNS name, a wildcard "*.example.com" or an IP address; `invalid` with a
// sentence that says what is wrong ("…: a wildcard must be the whole left-most label").
Result<std::string> parse_server_name(std::string_view text);
bool is_ip_address(std::string_view name) noexcept;
bool is_wildcard(std::string_view name) noexcept;

// Whether a certificate that carries `pattern` is valid for `name` (RFC 6125 section 6.4.3, RFC
// 9525): a wildcard stands for exactly one left-most label; a wildcard `name` is covered only by
// the same wildcard; IP addresses only by themselves. A wildcard
// right below the top level ("*.com") covers only itself, because clients refuse it.
bool covers(std::string_view pattern, std::string_view name) noexcept;
// The first of `wanted` that none of `patterns` covers; empty when all are covered.
std::string_view first_uncovered(const std::vector<std::string>& patterns,
                                 const std::vector<std::string>& wanted) noexcept;

}  // namespace ccm::crypto
