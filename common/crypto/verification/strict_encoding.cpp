// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/strict_encoding.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/url.h"
#include "crypto/openssl.h"

namespace ccm::crypto {
namespace {

using Bytes = std::span<const std::byte>;

constexpr int kDeepest = 16;

struct Element {
  unsigned tag;
  Bytes content;
};

unsigned value_of(std::byte byte) noexcept {
  return std::to_integer<unsigned>(byte);
}

// The next element of `rest`, which is advanced; nullopt when it is not DER. Tags of more than one
// byte do not occur in certificates.
std::optional<Element> next_element(Bytes& rest) noexcept {
  if (rest.size() < 2 || (value_of(rest[0]) & 0x1fU) == 0x1fU) return std::nullopt;
  const unsigned tag = value_of(rest[0]);
  std::size_t size = value_of(rest[1]);
  std::size_t head = 2;
  if (size >= 0x80) {
    const std::size_t count = size - 0x80;
    if (count == 0 || count > 4 || rest.size() < head + count) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < count; ++i) size = size << 8U | value_of(rest[head + i]);
    const bool is_shortest = size >= 0x80 && (count == 1 || size >> (8 * (count - 1)) != 0);
    if (!is_shortest) return std::nullopt;
    head += count;
  }
  if (size > rest.size() - head) return std::nullopt;
  const Element element{tag, rest.subspan(head, size)};
  rest = rest.subspan(head + size);
  return element;
}

bool is_shortest_integer(Bytes content) noexcept {
  if (content.empty()) return false;
  if (content.size() == 1) return true;
  const unsigned first = value_of(content[0]);
  const bool is_negative = (value_of(content[1]) & 0x80U) != 0;
  return !(first == 0x00 && !is_negative) && !(first == 0xff && is_negative);
}

bool is_boolean(Bytes content) noexcept {
  return content.size() == 1 && (value_of(content[0]) == 0x00 || value_of(content[0]) == 0xff);
}

bool is_strict(Bytes rest, int depth) noexcept {
  if (depth > kDeepest) return false;
  while (!rest.empty()) {
    const std::optional<Element> element = next_element(rest);
    if (!element) return false;
    if (element->tag == V_ASN1_BOOLEAN && !is_boolean(element->content)) return false;
    if (element->tag == V_ASN1_INTEGER && !is_shortest_integer(element->content)) return false;
    const bool is_constructed = (element->tag & V_ASN1_CONSTRUCTED) != 0;
    if (is_constructed && !is_strict(element->content, depth + 1)) return false;
  }
  return true;
}

bool is_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// With '*' and '&', which are common and forgiven.
bool is_printable_character(char c) noexcept {
  return is_alphanumeric(c) || std::string_view(" '()+,-./:=?*&").find(c) != std::string_view::npos;
}

bool is_utf8(const ASN1_STRING* text) noexcept {
  unsigned char* copy = nullptr;
  const int size = ASN1_STRING_to_UTF8(&copy, text);
  OPENSSL_free(copy);
  drain_openssl_errors();
  return size >= 0;
}

bool is_hex(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_plain_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] <= ' ' || text[i] >= 0x7f) return false;
    if (text[i] != '%') continue;
    if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
  }
  return true;
}

bool is_host_and_port(std::string_view authority) noexcept {
  authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is 0
  const bool is_address = authority.starts_with('[');
  const std::size_t end = is_address ? authority.find(']') : authority.find(':');
  if (is_address && end == std::string_view::npos) return false;
  const std::string_view host = authority.substr(0, end);
  std::string_view port = end == std::string_view::npos ? "" : authority.substr(end);
  if (is_address) port.remove_prefix(1);
  const bool is_port = port.empty() || (port.starts_with(':') &&
                                        std::all_of(port.begin() + 1, port.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; }));
  const bool is_host = is_address || (host.find("..") == std::string_view::npos &&
                                      host.find('[') == std::string_view::npos &&
                                      !host.starts_with('.') && !host.ends_with('.'));
  return is_port && is_host;
}

}  // namespace

bool is_strict_der(Bytes bytes) noexcept {
  return is_strict(bytes, 0);
}

bool is_readable_text(const ASN1_STRING* text) noexcept {
  const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                               static_cast<std::size_t>(ASN1_STRING_length(text)));
  switch (ASN1_STRING_type(text)) {
    case V_ASN1_PRINTABLESTRING:
      return std::all_of(bytes.begin(), bytes.end(), is_printable_character);
    case V_ASN1_IA5STRING:
      return std::all_of(bytes.begin(), bytes.end(), [](char c) { return (c & 0x80) == 0; });
    case V_ASN1_NUMERICSTRING:
      return std::all_of(bytes.begin(), bytes.end(),
                         [](char c) { return c == ' ' || (c >= '0' && c <= '9'); });
    case V_ASN1_UTF8STRING:
    case V_ASN1_BMPSTRING:
      return is_utf8(text);
    case V_ASN1_T61STRING:
      return true;
    default:
      return false;
  }
}

bool is_plain_uri(std::string_view uri) noexcept {
  if (!is_plain_text(uri)) return false;
  const std::optional<UrlParts> parts = url_parts(uri);
  return !parts || is_host_and_port(parts->authority);
}

}  // namespace ccm::crypto
