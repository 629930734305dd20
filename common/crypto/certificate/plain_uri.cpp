// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/plain_uri.h"

#include <algorithm>
#include <optional>

#include "base/url.h"
#include "crypto/certificate/names.h"

namespace ccm::crypto {
namespace {

struct Authority {
  std::string_view user;  // with the password
  std::string_view host;  // with the brackets of an address
  std::string_view port;
};

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_ascii_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_hexadecimal(char c) noexcept {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_scheme(std::string_view text) noexcept {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter(c) || is_ascii_digit(c) || c == '+' || c == '-' || c == '.';
         });
}

// RFC 3986 section 2, without brackets, which only a host may have.
bool is_uri_character(char c) noexcept {
  return is_letter(c) || is_ascii_digit(c) ||
         std::string_view("-._~:/?#@!$&'()*+,;=%").find(c) != std::string_view::npos;
}

bool has_uri_characters(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_uri_character(text[i])) return false;
    if (text[i] != '%') continue;
    if (text.size() - i < 3 || !is_hexadecimal(text[i + 1]) || !is_hexadecimal(text[i + 2])) {
      return false;
    }
  }
  return std::count(text.begin(), text.end(), '#') <= 1;
}

bool is_host(std::string_view host) noexcept {
  if (host.starts_with('[')) {
    return host.ends_with(']') && host.find(':') != std::string_view::npos &&
           is_ip_address(host.substr(1, host.size() - 2));
  }
  return has_uri_characters(host) && host.find('%') == std::string_view::npos &&
         host.find("..") == std::string_view::npos && !host.starts_with('.') &&
         !host.ends_with('.');
}

Authority split_authority(std::string_view authority) noexcept {
  Authority parts{};
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    parts.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  parts.host = authority.substr(0, has_port ? colon : authority.size());
  if (has_port) parts.port = authority.substr(colon + 1);
  return parts;
}

bool is_authority(std::string_view authority) noexcept {
  const Authority parts = split_authority(authority);
  return has_uri_characters(parts.user) && is_host(parts.host) &&
         std::all_of(parts.port.begin(), parts.port.end(), is_ascii_digit);
}

}  // namespace

bool is_plain_uri(std::string_view uri) noexcept {
  const std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos || !is_scheme(uri.substr(0, colon))) return false;
  const std::string_view rest = uri.substr(colon + 1);
  if (rest.empty() || rest == "//" || rest.starts_with('#')) return false;
  if (!rest.starts_with("//")) return has_uri_characters(rest);
  const std::optional<UrlParts> parts = url_parts(uri);
  return parts && is_authority(parts->authority) && has_uri_characters(parts->path);
}

std::string_view domain_of(std::string_view uri) noexcept {
  const std::optional<UrlParts> parts = url_parts(uri);
  const std::string_view host = parts ? split_authority(parts->authority).host : std::string_view();
  return host.starts_with('[') || is_ip_address(host) ? std::string_view() : host;
}

}  // namespace ccm::crypto
