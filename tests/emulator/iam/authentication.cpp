// SPDX-License-Identifier: Apache-2.0
#include "iam/authentication.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "iam/signature.h"
#include "service/refusal.h"
#include "text.h"

namespace emulator {
namespace {

[[noreturn]] void refuse_caller(const std::string& detail) {
  throw Refusal(401, "APIGW.0301", "Incorrect IAM authentication information: " + detail);
}

// What identifies the caller must be covered by the signature when it is sent.
void check_signed_headers(const Request& request, const std::vector<std::string>& listed) {
  for (const char* name :
       {"host", "x-sdk-date", "x-security-token", "x-domain-id", "x-project-id"}) {
    const bool sent = request.header(name) != nullptr;
    if (sent && std::find(listed.begin(), listed.end(), name) == listed.end()) {
      refuse_caller(fmt::format("header {} is not signed", name));
    }
  }
  for (const std::string& name : listed) {
    if (request.header(name) == nullptr) {
      refuse_caller(fmt::format("signed header {} is not in the request", name));
    }
  }
}

}  // namespace

Caller Authentication::check(const Request& request) {
  if (const std::string* header = request.header("Authorization")) {
    return check_signature(request, *header);
  }
  if (const std::string* token = request.header("X-Auth-Token")) return check_token(*token);
  refuse_caller("x-auth-token not found");
}

Caller Authentication::check_signature(const Request& request, const std::string& header) {
  const auto parsed = parse_authorization(header);
  if (!parsed) refuse_caller("authorization format is incorrect, SDK-HMAC-SHA256 is expected");
  const json* key = accounts_.key(parsed->access_key);
  if (key == nullptr) refuse_caller(fmt::format("ak {} not exist", parsed->access_key));
  check_key(*key);
  const std::string date = checked_date(request);
  check_signed_headers(request, parsed->signed_headers);
  const auto candidates = canonical_requests(request, parsed->signed_headers);
  const auto sk = (*key)["sk"].get<std::string>();
  const bool right = std::any_of(candidates.begin(), candidates.end(), [&](const auto& candidate) {
    return equal_in_constant_time(expected_signature(sk, date, candidate), parsed->signature);
  });
  if (!right) {
    accounts_.count_failure(parsed->access_key);
    refuse_caller("verify aksk signature fail, canonicalRequest:" +
                  replace_all(candidates.front(), "\n", "|"));
  }
  check_security_token(*key, request);
  if (options_.flag("refuse_replays")) refuse_replay(parsed->signature);
  accounts_.count_success(parsed->access_key);
  return {(*key)["domain_id"].get<std::string>(), parsed->access_key};
}

void Authentication::check_key(const json& key) const {
  const auto ak = key["ak"].get<std::string>();
  if (accounts_.locked(key)) refuse_caller("AK access failed to reach the limit,forbidden");
  if (!key["enabled"].get<bool>()) refuse_caller(fmt::format("ak {} is inactive", ak));
}

std::string Authentication::checked_date(const Request& request) const {
  const std::string* date = request.header("X-Sdk-Date");
  if (date == nullptr) refuse_caller("header x-sdk-date not found");
  const auto time = parse_sdk_date(trim(*date));
  if (!time) refuse_caller(fmt::format("x-sdk-date format is incorrect, time:{}", *date));
  if (std::llabs(*time - clock_.now_ms()) > options_.number("max_skew_s") * 1000) {
    throw Refusal(401, "APIGW.0303",
                  fmt::format("Incorrect IAM authentication information: x-sdk-date is expired, "
                              "time:{}",
                              *date));
  }
  return trim(*date);
}

void Authentication::check_security_token(const json& key, const Request& request) {
  const std::string* sent = request.header("X-Security-Token");
  const auto ak = key["ak"].get<std::string>();
  const std::string wanted = key.value("security_token", "");
  if ((sent == nullptr ? "" : *sent) != wanted) {
    accounts_.count_failure(ak);
    refuse_caller(sent == nullptr ? "x-security-token not found"
                                  : "x-security-token does not match the ak");
  }
  if (!wanted.empty() && key["expires_ms"].get<std::int64_t>() <= clock_.now_ms()) {
    refuse_caller("the security token has expired");
  }
}

void Authentication::refuse_replay(const std::string& signature) {
  if (!seen_signatures_.insert(signature).second) refuse_caller("the signature was used before");
}

Caller Authentication::check_token(const std::string& token) const {
  const json* known = accounts_.token(token);
  if (known == nullptr) refuse_caller("decrypt token fail");
  if ((*known)["expires_ms"].get<std::int64_t>() <= clock_.now_ms()) throw Refusal("APIGW.0307");
  return {(*known)["domain_id"].get<std::string>(), ""};
}

}  // namespace emulator
