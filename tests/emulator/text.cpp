// SPDX-License-Identifier: Apache-2.0
#include "text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <stdexcept>

namespace emulator {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    throw std::runtime_error("the random generator failed");
  }
  return bytes;
}

int hex_digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

std::tm broken_down(std::int64_t milliseconds) {
  return fmt::gmtime(static_cast<std::time_t>(milliseconds / 1000));
}

std::string map_characters(std::string_view text, int (*change)(int)) {
  std::string result(text);
  for (char& character : result) {
    character = static_cast<char>(change(static_cast<unsigned char>(character)));
  }
  return result;
}

}  // namespace

std::string lower(std::string_view text) {
  return map_characters(text, std::tolower);
}
std::string upper(std::string_view text) {
  return map_characters(text, std::toupper);
}

std::string trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t start = 0;;) {
    const auto end = text.find(separator, start);
    parts.emplace_back(text.substr(start, end == std::string_view::npos ? end : end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::int64_t count_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
}

std::string percent_encode(std::string_view text) {
  std::string result;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool plain =
        byte < 0x80 && (std::isalnum(byte) != 0 || contains("-._~", {&character, 1}));
    if (plain) {
      result += character;
    } else {
      result += fmt::format("%{:02X}", byte);
    }
  }
  return result;
}

std::string percent_decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                        hex_digit(text[i + 2]) >= 0;
    if (!escape) {
      result += text[i];
      continue;
    }
    result += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return result;
}

Pairs parse_query(std::string_view raw) {
  Pairs pairs;
  if (raw.empty()) return pairs;
  for (const std::string& part : split(raw, '&')) {
    if (part.empty()) continue;
    const std::string spaced = replace_all(part, "+", " ");
    const auto equals = spaced.find('=');
    const bool has_value = equals != std::string::npos;
    pairs.emplace_back(
        percent_decode(std::string_view(spaced).substr(0, equals)),
        has_value ? percent_decode(std::string_view(spaced).substr(equals + 1)) : "");
  }
  return pairs;
}

std::string hex(std::string_view bytes) {
  std::string result;
  for (const char byte : bytes) result += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return result;
}

std::string base64(std::string_view bytes) {
  std::string result(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                                     bytes_of(bytes), static_cast<int>(bytes.size()));
  result.resize(static_cast<std::size_t>(length));
  return result;
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::string packed;
  std::copy_if(text.begin(), text.end(), std::back_inserter(packed),
               [](unsigned char character) { return std::isspace(character) == 0; });
  if (packed.empty() || packed.size() % 4 != 0) return std::nullopt;
  std::string result(packed.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                                     bytes_of(packed), static_cast<int>(packed.size()));
  if (length < 0) return std::nullopt;
  const auto padding = packed.size() - packed.find_last_not_of('=') - 1;
  result.resize(static_cast<std::size_t>(length) - std::min<std::size_t>(padding, 2));
  return result;
}

std::string sha256(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(bytes_of(bytes), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view data) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(data), data.size(),
       reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string random_hex(std::size_t bytes) {
  return hex(random_bytes(bytes));
}

std::string random_token(std::size_t characters) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string result;
  for (const char byte : random_bytes(characters)) {
    result += kAlphabet[static_cast<unsigned char>(byte) % kAlphabet.size()];
  }
  return result;
}

std::string random_uuid() {
  std::string digits = random_hex(16);
  digits[12] = '4';
  digits[16] = 'a';
  const std::string_view all = digits;
  return fmt::format("{}-{}-{}-{}-{}", all.substr(0, 8), all.substr(8, 4), all.substr(12, 4),
                     all.substr(16, 4), all.substr(20));
}

std::string iso_time(std::int64_t milliseconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}000Z", broken_down(milliseconds),
                     milliseconds % 1000);
}

std::string scm_time(std::int64_t milliseconds) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.0", broken_down(milliseconds));
}

std::string compact_time(std::int64_t milliseconds) {
  return fmt::format("{:%Y%m%d%H%M%S}", broken_down(milliseconds));
}

std::string http_time(std::int64_t milliseconds) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", broken_down(milliseconds));
}

std::optional<std::int64_t> parse_sdk_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  for (std::size_t i = 0; i < 15; ++i) {
    if (i != 8 && std::isdigit(static_cast<unsigned char>(text[i])) == 0) return std::nullopt;
  }
  std::tm parts{};
  if (strptime(std::string(text).c_str(), "%Y%m%dT%H%M%SZ", &parts) == nullptr) return std::nullopt;
  return static_cast<std::int64_t>(timegm(&parts)) * 1000;
}

}  // namespace emulator
