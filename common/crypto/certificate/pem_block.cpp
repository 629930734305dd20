// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/pem_block.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <cstring>
#include <string>

#include "crypto/openssl.h"

namespace ccm::crypto {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";
constexpr std::size_t kMaxPemLabel = 64;
constexpr auto npos = std::string_view::npos;

bool is_space(char c) noexcept {
  return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

bool is_base64(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/' || c == '=';
}

// `text` without white space, in wiped memory.
Result<Secret> without_space(std::string_view text) {
  Secret padded = Secret::of_size(text.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_space(text[i])) continue;
    if (!is_base64(text[i])) {
      return fail(ErrorKind::invalid,
                  fmt::format("the base64 text has a character at offset {} that does not belong "
                              "there",
                              i));
    }
    padded.mutable_bytes()[size++] = static_cast<std::byte>(text[i]);
  }
  return Secret::copy_of(padded.bytes().first(size));
}

// Looks at each marker of the text once, whatever it is. A search for the end of each block would
// cost the square of the text's size if blocks begin and do not end.
PemBlock block_of(std::string_view label, std::string_view& rest) {
  const std::string end_marker = fmt::format("-----END {}-----", label);
  for (std::size_t at = rest.find(kDashes); at != npos; at = rest.find(kDashes, at + 1)) {
    const std::string_view marker = rest.substr(at);
    if (marker.starts_with(kBegin)) {
      rest.remove_prefix(at);
      return {label, {}, false};
    }
    if (!marker.starts_with(end_marker)) continue;
    const PemBlock block{label, rest.substr(0, at), true};
    rest.remove_prefix(at + end_marker.size());
    return block;
  }
  rest = {};
  return {label, {}, false};
}

}  // namespace

std::optional<PemBlock> next_pem_block(std::string_view& rest) {
  for (;;) {
    const std::size_t begin = rest.find(kBegin);
    if (begin == npos) return std::nullopt;
    rest.remove_prefix(begin + kBegin.size());
    const std::size_t label_size = rest.substr(0, kMaxPemLabel + kDashes.size()).find(kDashes);
    const std::string_view label = rest.substr(0, label_size);
    if (label_size == npos || label.find_first_of("\r\n-") != npos) continue;
    rest.remove_prefix(label_size + kDashes.size());
    return block_of(label, rest);
  }
}

bool is_encrypted(const PemBlock& block) noexcept {
  return block.label.starts_with("ENCRYPTED") || block.body.find("Proc-Type:") != npos;
}

Result<Secret> decode_base64(std::string_view text) {
  Result<Secret> packed = without_space(text);
  if (!packed) return packed;
  const std::string_view digits = packed->reveal();
  if (digits.empty()) return fail(ErrorKind::invalid, "there is nothing between its markers");
  if (digits.size() % 4 != 0) return fail(ErrorKind::invalid, "the base64 text is cut short");
  const std::size_t padding = digits.ends_with("==") ? 2 : digits.ends_with('=') ? 1 : 0;
  if (digits.find('=') < digits.size() - padding) {
    return fail(ErrorKind::invalid, "the base64 text goes on after its end (\"=\")");
  }
  Secret decoded = Secret::of_size(digits.size() / 4 * 3);
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.mutable_bytes().data()),
                                   reinterpret_cast<const unsigned char*>(digits.data()),
                                   static_cast<int>(digits.size()));
  if (size < 0) return fail(openssl_error(ErrorKind::invalid, "the base64 text"));
  // EVP_DecodeBlock counts the padding as bytes.
  return Secret::copy_of(decoded.bytes().first(static_cast<std::size_t>(size) - padding));
}

std::string encode_base64(std::span<const std::byte> bytes) {
  // EVP_EncodeBlock ends what it writes with a zero.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

Result<void> check_input_size(std::size_t size) {
  if (size <= kMaxInputSize) return {};
  return fail(ErrorKind::invalid,
              fmt::format("{} bytes are more than the {} that make sense", size, kMaxInputSize));
}

}  // namespace ccm::crypto
