// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/names.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "crypto/certificate/ascii_name.h"

namespace ccm::crypto {
namespace {

// RFC 1035 section 2.3.4, without the root label.
constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxNameLabel = 63;

using AddressText = std::array<char, INET6_ADDRSTRLEN>;

struct Address {
  int family;
  std::array<unsigned char, sizeof(in6_addr)> bytes;
};

std::optional<Address> parse_address(std::string_view text) noexcept {
  AddressText copy{};
  if (text.empty() || text.size() >= copy.size()) return std::nullopt;
  std::memcpy(copy.data(), text.data(), text.size());
  // With a NUL inside, inet_pton would judge only what is before it.
  if (std::strlen(copy.data()) != text.size()) return std::nullopt;
  Address address{};
  for (const int family : {AF_INET, AF_INET6}) {
    address.family = family;
    if (inet_pton(family, copy.data(), address.bytes.data()) == 1) return address;
  }
  return std::nullopt;
}

// URLs and web servers put an IPv6 address in brackets.
std::string_view without_brackets(std::string_view text) noexcept {
  const bool has_brackets =
      text.starts_with('[') && text.ends_with(']') && text.find(':') != std::string_view::npos;
  return has_brackets ? text.substr(1, text.size() - 2) : text;
}

std::string to_text(const Address& address) {
  AddressText text{};
  inet_ntop(address.family, address.bytes.data(), text.data(), text.size());
  return text.data();
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// Underscores are no host name letters (RFC 952), but private networks use them and clients accept
// them.
bool is_label_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

// What is wrong with one lower-case label, or nothing.
std::string_view label_problem(std::string_view label) noexcept {
  if (label.empty()) return "it has an empty label (two dots in a row, or one in front)";
  if (label.size() > kMaxNameLabel) return "a label is longer than 63 characters";
  if (label.find('*') != std::string_view::npos) {
    return "a wildcard must be the whole left-most label, as in *.example.com";
  }
  if (!std::all_of(label.begin(), label.end(), is_label_character)) {
    return "only letters, digits, hyphens and dots are allowed";
  }
  if (label.front() == '-' || label.back() == '-') return "a label begins or ends with a hyphen";
  return {};
}

std::string_view name_problem(std::string_view name) noexcept {
  if (name.empty()) return "it is empty";
  if (name.size() > kMaxName) return "it is longer than 253 characters";
  if (name == "*") return "a wildcard needs a domain behind it, as in *.example.com";
  const std::string_view labels = is_wildcard(name) ? name.substr(2) : name;
  std::string_view rest = labels;
  std::string_view last;
  for (bool more = true; more;) {
    const std::size_t dot = rest.find('.');
    more = dot != std::string_view::npos;
    last = rest.substr(0, dot);
    if (const std::string_view problem = label_problem(last); !problem.empty()) return problem;
    if (more) rest.remove_prefix(dot + 1);
  }
  // Clients read a name that ends in a number as an IPv4 address (WHATWG URL, section 3.5).
  if (std::all_of(last.begin(), last.end(), is_digit)) {
    return "it ends in a number but is not an IP address";
  }
  return {};
}

}  // namespace

Result<std::string> parse_server_name(std::string_view text) {
  if (const std::optional<Address> address = parse_address(without_brackets(text))) {
    return to_text(*address);
  }
  Result<std::string> name = to_ascii_name(text);
  if (!name) return name;
  const std::string_view problem = name_problem(*name);
  if (problem.empty()) return name;
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" is not a server name: {}", printable(text), problem));
}

bool is_ip_address(std::string_view name) noexcept {
  return parse_address(name).has_value();
}

bool is_wildcard(std::string_view name) noexcept {
  return name.starts_with("*.");
}

bool covers(std::string_view pattern, std::string_view name) noexcept {
  if (name.empty()) return false;
  if (pattern == name) return true;
  if (!is_wildcard(pattern) || is_wildcard(name) || is_ip_address(name)) return false;
  const std::string_view domain = pattern.substr(1);
  // OpenSSL, curl and browsers refuse a wildcard right below the top level, so it covers nothing.
  if (domain.find('.', 1) == std::string_view::npos) return false;
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && name.substr(dot) == domain;
}

std::string_view first_uncovered(const std::vector<std::string>& patterns,
                                 const std::vector<std::string>& wanted) noexcept {
  for (const std::string& name : wanted) {
    const bool covered = std::any_of(patterns.begin(), patterns.end(),
                                     [&](const std::string& p) { return covers(p, name); });
    if (!covered) return name;
  }
  return {};
}

}  // namespace ccm::crypto
