// SPDX-License-Identifier: Apache-2.0
#include "cloud/identity/signer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "crypto/digest.h"

namespace ccm::cloud {
namespace {

constexpr std::string_view kAlgorithm = "SDK-HMAC-SHA256";
constexpr std::string_view kDateHeader = "X-Sdk-Date";
constexpr std::string_view kContentHashHeader = "X-Sdk-Content-Sha256";

bool is_unreserved(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::optional<unsigned> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

// A percent sign that is not an escape stays as it is, as in the vendor's signer.
std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (high && low) {
        out += static_cast<char>(*high << 4U | *low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::string canonical_path(std::string_view path) {
  const std::string decoded = percent_decode(path);
  std::vector<std::string> segments;
  for (const auto segment : split(decoded, '/')) segments.push_back(percent_encode(segment));
  std::string out = join(segments, "/");
  if (out.empty() || out.back() != '/') out += '/';
  return out;
}

const std::string* find_header(const Headers& headers, std::string_view name) noexcept {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& header) {
    return equals_ignoring_case(header.first, name);
  });
  return found == headers.end() ? nullptr : &found->second;
}

void add_unsigned_payload_mark(Headers& headers) {
  const std::string* type = find_header(headers, "Content-Type");
  if (type == nullptr || type->starts_with("application/json") ||
      type->starts_with("application/bson")) {
    return;
  }
  std::erase_if(headers, [](const auto& header) {
    return equals_ignoring_case(header.first, kContentHashHeader);
  });
  headers.emplace_back(kContentHashHeader, "UNSIGNED-PAYLOAD");
}

struct CanonicalHeaders {
  std::string lines;
  std::string names;
};

CanonicalHeaders canonical_headers(const Headers& headers) {
  std::vector<std::pair<std::string, std::string_view>> sorted;
  for (const auto& [name, value] : headers) {
    if (name.find('_') == std::string::npos) sorted.emplace_back(to_lower(name), trim(value));
  }
  std::sort(sorted.begin(), sorted.end());
  CanonicalHeaders out;
  for (const auto& [name, value] : sorted) {
    out.lines.append(name).append(":").append(value).append("\n");
    out.names.append(out.names.empty() ? "" : ";").append(name);
  }
  return out;
}

std::string payload_hash(const SigningRequest& request) {
  const std::string* given = find_header(request.headers, kContentHashHeader);
  // An empty body is hashed even then (docs/design/signing.md, "Payload hash").
  if (given != nullptr && !request.body.empty()) return *given;
  return crypto::sha256_hex(request.body);
}

}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0xFU];
  }
  return out;
}

std::string canonical_query(Query query) {
  // Byte order of UTF-8 is code point order.
  std::sort(query.begin(), query.end());
  std::string out;
  for (const auto& [key, value] : query) {
    if (!out.empty()) out += '&';
    out.append(percent_encode(key)).append("=").append(percent_encode(value));
  }
  return out;
}

SignedRequest sign(const AccessKey& key, SigningRequest request) {
  add_unsigned_payload_mark(request.headers);
  if (find_header(request.headers, kDateHeader) == nullptr) {
    request.headers.emplace_back(kDateHeader, format_compact_time(request.now));
  }
  if (find_header(request.headers, "Host") == nullptr) {
    request.headers.emplace_back("Host", request.host);
  }
  const CanonicalHeaders headers = canonical_headers(request.headers);
  SignedRequest out;
  out.canonical_request = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method,
                                      canonical_path(request.path), canonical_query(request.query),
                                      headers.lines, headers.names, payload_hash(request));
  out.string_to_sign =
      fmt::format("{}\n{}\n{}", kAlgorithm, trim(*find_header(request.headers, kDateHeader)),
                  crypto::sha256_hex(out.canonical_request));
  out.signature = crypto::to_hex(crypto::hmac_sha256(key.secret, out.string_to_sign));
  out.authorization = fmt::format("{} Access={}, SignedHeaders={}, Signature={}", kAlgorithm,
                                  key.id, headers.names, out.signature);
  out.headers = std::move(request.headers);
  out.headers.emplace_back("Authorization", out.authorization);
  return out;
}

}  // namespace ccm::cloud
