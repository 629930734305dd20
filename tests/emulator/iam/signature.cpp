// SPDX-License-Identifier: Apache-2.0
#include "iam/signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "text.h"

namespace emulator {
namespace {

constexpr std::string_view kAlgorithm = "SDK-HMAC-SHA256";

std::string canonical_path(const Request& request) {
  std::string result;
  for (const std::string& segment : split(percent_decode(request.path()), '/')) {
    result += percent_encode(segment) + "/";
  }
  // Every segment got a slash; a path that ended in one has it twice now.
  if (result.ends_with("//")) result.pop_back();
  return result;
}

std::string canonical_query(const Request& request) {
  Pairs pairs = parse_query(request.query());
  std::sort(pairs.begin(), pairs.end());
  std::vector<std::string> parts;
  for (const auto& [name, value] : pairs) {
    parts.push_back(percent_encode(name) + "=" + percent_encode(value));
  }
  return join(parts, "&");
}

// The Node signer announces UNSIGNED-PAYLOAD for an empty body too and hashes that text; Python
// always signs the hash of nothing then. Both are right.
std::vector<std::string> payload_hashes(const Request& request) {
  std::vector<std::string> hashes;
  if (request.body.empty()) hashes.push_back(hex(sha256("")));
  if (const std::string* given = request.header("X-Sdk-Content-Sha256")) hashes.push_back(*given);
  if (hashes.empty()) hashes.push_back(hex(sha256(request.body)));
  return hashes;
}

// The text after `name` up to the next comma, or nothing.
std::optional<std::string> field(const std::string& header, const std::string& name) {
  const auto at = header.find(name + "=");
  if (at == std::string::npos) return std::nullopt;
  const auto start = at + name.size() + 1;
  return trim(header.substr(start, header.find(',', start) - start));
}

}  // namespace

std::optional<Authorization> parse_authorization(const std::string& header) {
  if (!header.starts_with(fmt::format("{} ", kAlgorithm))) return std::nullopt;
  const auto access_key = field(header, "Access");
  const auto signed_headers = field(header, "SignedHeaders");
  const auto signature = field(header, "Signature");
  if (!access_key || !signed_headers || !signature || access_key->empty()) return std::nullopt;
  return Authorization{*access_key, split(lower(*signed_headers), ';'), *signature};
}

std::vector<std::string> canonical_requests(const Request& request,
                                            const std::vector<std::string>& signed_headers) {
  std::string headers;
  for (const std::string& name : signed_headers) {
    const std::string* value = request.header(name);
    headers += name + ":" + (value == nullptr ? "" : trim(*value)) + "\n";
  }
  const std::string start = upper(request.method) + "\n" + canonical_path(request) + "\n" +
                            canonical_query(request) + "\n" + headers + "\n" +
                            join(signed_headers, ";") + "\n";
  std::vector<std::string> result;
  for (const std::string& hash : payload_hashes(request)) result.push_back(start + hash);
  return result;
}

std::string expected_signature(const std::string& secret_key, const std::string& date,
                               const std::string& canonical) {
  const std::string to_sign = fmt::format("{}\n{}\n{}", kAlgorithm, date, hex(sha256(canonical)));
  return hex(hmac_sha256(secret_key, to_sign));
}

}  // namespace emulator
