// SPDX-License-Identifier: Apache-2.0
#include "config/url.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/sentences.h"
#include "crypto/names.h"

namespace ccm::config {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

Failure wrong_url(std::string_view text, std::string_view problem) {
  return fail(ErrorKind::invalid, fmt::format("{} {}", in_quotes(text), problem));
}

bool is_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    const std::string_view inside = host.substr(1, host.size() - 2);
    const auto address = crypto::parse_server_name(inside);
    return address && !inside.starts_with('[') && crypto::is_ip_address(*address) &&
           address->find(':') != std::string::npos;
  }
  if (host.find(':') != std::string_view::npos || crypto::is_wildcard(host)) return false;
  // What is written is what curl asks for, so it has to be in its final form.
  const bool is_ascii =
      std::all_of(host.begin(), host.end(), [](char c) { return (c & 0x80) == 0; });
  return is_ascii && crypto::parse_server_name(host).has_value();
}

bool is_port(std::string_view port) {
  const auto number = parse_unsigned(port);
  return number && *number >= 1 && *number <= 65535;
}

// What follows the scheme: host with an optional port and nothing else.
Result<std::string> parse_authority(std::string_view text, std::string_view authority) {
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.find('@') != std::string_view::npos) {
    // Not quoted: what stands before the @ may be a password.
    return fail(ErrorKind::invalid,
                "the URL holds a user name or a password; write only the host and port (those of a "
                "proxy belong in a file: file=PATH behind its URL)");
  }
  if (authority.find_first_of("/?#") != std::string_view::npos) {
    return wrong_url(text, "has a path or a query; write only scheme, host and port");
  }
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (has_port && !is_port(authority.substr(colon + 1))) {
    return wrong_url(text, "has no valid port; a port is a number from 1 to 65535");
  }
  if (!is_host(has_port ? authority.substr(0, colon) : authority)) {
    return wrong_url(text, "names no valid host");
  }
  return to_lower(authority);
}

Result<std::string> parse_base_url(std::string_view text, std::string_view scheme) {
  auto authority = parse_authority(text, text.substr(scheme.size()));
  if (!authority) return authority;
  return fmt::format("{}{}", scheme, *authority);
}

}  // namespace

Result<std::string> parse_endpoint(std::string_view text) {
  const std::string lower = to_lower(text);
  if (lower.starts_with(kHttps)) return parse_base_url(text, kHttps);
  if (lower.starts_with(kHttp)) {
    return fail(ErrorKind::invalid,
                "a plain http URL would show the requests to the network; write "
                "https://HOST[:PORT]");
  }
  return wrong_url(text, "is not an endpoint; write https://HOST[:PORT]");
}

Result<std::string> parse_metadata_endpoint(std::string_view text) {
  const std::string lower = to_lower(text);
  if (lower.starts_with(kHttps)) return parse_base_url(text, kHttps);
  if (lower.starts_with(kHttp)) return parse_base_url(text, kHttp);
  return wrong_url(text, "is not an endpoint; write http://HOST[:PORT]");
}

Result<std::string> parse_proxy(std::string_view text) {
  const std::string lower = to_lower(text);
  if (lower == "off") return std::string();
  if (lower.starts_with(kHttp)) return parse_base_url(text, kHttp);
  return wrong_url(text, "is not a proxy; write http://HOST:PORT or off");
}

}  // namespace ccm::config
