// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/strict_encoding.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "crypto/openssl.h"

namespace ccm::crypto {
namespace {

using Bytes = std::span<const std::byte>;

constexpr int kDeepest = 16;
// Go stores a part of an object identifier in 31 bits.
constexpr std::uint64_t kMostOfAnArc = 0x7fffffff;

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

// The unused bits must be zero.
bool is_bit_string(Bytes content) noexcept {
  if (content.empty()) return false;
  const unsigned unused = value_of(content[0]);
  if (content.size() == 1) return unused == 0;
  return unused <= 7 && (value_of(content.back()) & ((1U << unused) - 1)) == 0;
}

bool is_object_identifier(Bytes content) noexcept {
  bool is_first = true;  // of the bytes of an arc
  std::uint64_t arc = 0;
  for (const std::byte byte : content) {
    if (is_first && value_of(byte) == 0x80) return false;
    arc = (is_first ? 0 : arc << 7U) | (value_of(byte) & 0x7fU);
    if (arc > kMostOfAnArc) return false;
    is_first = (value_of(byte) & 0x80U) == 0;
  }
  return is_first && !content.empty();
}

bool is_strict_value_of(const Element& element) noexcept {
  switch (element.tag) {
    case V_ASN1_BOOLEAN:
      return is_boolean(element.content);
    case V_ASN1_INTEGER:
      return is_shortest_integer(element.content);
    case V_ASN1_BIT_STRING:
      return is_bit_string(element.content);
    case V_ASN1_OBJECT:
      return is_object_identifier(element.content);
    default:
      return true;
  }
}

bool is_strict(Bytes rest, int depth) noexcept {
  if (depth > kDeepest) return false;
  while (!rest.empty()) {
    const std::optional<Element> element = next_element(rest);
    if (!element || !is_strict_value_of(*element)) return false;
    const bool is_constructed = (element->tag & V_ASN1_CONSTRUCTED) != 0;
    if (is_constructed && !is_strict(element->content, depth + 1)) return false;
  }
  return true;
}

bool has_no_false(Bytes rest, int depth) noexcept {
  while (!rest.empty()) {
    const std::optional<Element> element = next_element(rest);
    if (!element || depth > kDeepest) return false;
    if (element->tag == V_ASN1_BOOLEAN && element->content.front() == std::byte(0)) return false;
    const bool is_constructed = (element->tag & V_ASN1_CONSTRUCTED) != 0;
    if (is_constructed && !has_no_false(element->content, depth + 1)) return false;
  }
  return true;
}

bool is_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Including '*', which is common and accepted.
bool is_printable_character(char c) noexcept {
  return is_alphanumeric(c) || std::string_view(" '()+,-./:=?*").find(c) != std::string_view::npos;
}

bool is_utf8(const ASN1_STRING* text) noexcept {
  unsigned char* copy = nullptr;
  const int size = ASN1_STRING_to_UTF8(&copy, text);
  OPENSSL_free(copy);
  drain_openssl_errors();
  return size >= 0;
}

}  // namespace

bool is_strict_der(Bytes bytes) noexcept {
  return is_strict(bytes, 0);
}

bool is_single_element(Bytes bytes) noexcept {
  return next_element(bytes).has_value() && bytes.empty();
}

bool are_positive_numbers(Bytes bytes) noexcept {
  const std::optional<Element> list = next_element(bytes);
  if (!list || list->tag != (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED)) return false;
  Bytes rest = list->content;
  while (!rest.empty()) {
    const std::optional<Element> number = next_element(rest);
    const bool is_positive = number && number->tag == V_ASN1_INTEGER && !number->content.empty() &&
                             value_of(number->content.front()) < 0x80 &&
                             (number->content.size() > 1 || value_of(number->content[0]) != 0);
    if (!is_positive) return false;
  }
  return true;
}

bool has_no_spelt_out_false(Bytes bytes) noexcept {
  return has_no_false(bytes, 0);
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

}  // namespace ccm::crypto
