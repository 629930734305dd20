// SPDX-License-Identifier: Apache-2.0
#include "config/values/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/url.h"
#include "config/sentences.h"
#include "crypto/certificate/names.h"

namespace ccm::config {
namespace {

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

Result<std::string> parse_base_url(std::string_view text, const UrlParts& url) {
  if (text.find('@') != std::string_view::npos) {
    // Not quoted: what stands before the @ may be a password.
    return fail(ErrorKind::invalid,
                "the URL holds a user name or a password; write only the host and port (those of a "
                "proxy belong in a file: file=PATH behind its URL)");
  }
  if (!url.path.empty() && url.path != "/") {
    return wrong_url(text, "has a path or a query; write only scheme, host and port");
  }
  if (url.port && !is_port(*url.port)) {
    return wrong_url(text, "has no valid port; a port is a number from 1 to 65535");
  }
  if (!is_host(url.host)) return wrong_url(text, "names no valid host");
  return fmt::format("{}://{}", to_lower(url.scheme), to_lower(url.authority));
}

bool is_this_machine(std::string_view host) {
  if (equals_ignoring_case(host, "localhost") || host == "[::1]") return true;
  const auto address = crypto::parse_server_name(host);
  return address && crypto::is_ip_address(*address) && address->starts_with("127.");
}

bool has_scheme(const std::optional<UrlParts>& url, std::string_view scheme) {
  return url && equals_ignoring_case(url->scheme, scheme);
}

}  // namespace

Result<std::string> parse_endpoint(std::string_view text) {
  const std::optional<UrlParts> url = url_parts(text);
  if (has_scheme(url, "https")) return parse_base_url(text, *url);
  if (has_scheme(url, "http")) {
    return fail(ErrorKind::invalid,
                "a plain http URL would show the requests to the network; write "
                "https://HOST[:PORT]");
  }
  return wrong_url(text, "is not an endpoint; write https://HOST[:PORT]");
}

Result<std::string> parse_etcd_endpoint(std::string_view text) {
  const std::optional<UrlParts> url = url_parts(text);
  const bool is_plain = has_scheme(url, "http");
  if (!is_plain && !has_scheme(url, "https")) {
    return wrong_url(text, "is no member of etcd; write https://HOST:PORT");
  }
  auto endpoint = parse_base_url(text, *url);
  if (!endpoint) return endpoint;
  if (!url->port)
    return wrong_url(text, "has no port; etcd's is 2379 unless it was told otherwise");
  if (is_plain && !is_this_machine(url->host)) {
    return wrong_url(text,
                     "is plain http, which anybody on the way could change; write https://, or "
                     "http:// to 127.0.0.1 or [::1] only");
  }
  return endpoint;
}

Result<std::string> parse_metadata_endpoint(std::string_view text) {
  const std::optional<UrlParts> url = url_parts(text);
  if (has_scheme(url, "https") || has_scheme(url, "http")) return parse_base_url(text, *url);
  return wrong_url(text, "is not an endpoint; write http://HOST[:PORT]");
}

Result<std::string> parse_proxy(std::string_view text) {
  if (equals_ignoring_case(text, "off")) return std::string();
  const std::optional<UrlParts> url = url_parts(text);
  if (has_scheme(url, "http")) return parse_base_url(text, *url);
  return wrong_url(text, "is not a proxy; write http://HOST:PORT or off");
}

}  // namespace ccm::config
