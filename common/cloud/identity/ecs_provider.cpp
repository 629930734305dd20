// SPDX-License-Identifier: Apache-2.0
// Agency keys from the ECS metadata service. The numbered steps are those of docs/design/auth.md,
// "ECS agency".
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/text.h"
#include "cloud/identity/credentials.h"
#include "cloud/reply/errors.h"
#include "cloud/reply/json.h"
#include "cloud/transport/endpoints.h"
#include "cloud/transport/http_client.h"

namespace ccm::cloud {
namespace {

using namespace std::chrono_literals;

constexpr Seconds kRefreshMargin = 40min;
constexpr Seconds kTokenlessMemory = 24h;  // step 1: not asked again for a day
constexpr Seconds kRetryPause = 60s;       // after a failed refresh while the old keys still work
constexpr std::string_view kNoAgency = "Please configure Cloud Service Agency first";

std::string first_text(const JsonView& object, std::string_view a, std::string_view b) {
  const JsonView value = object[a];
  return value.exists() ? value.text() : object[b].text();
}

Secret first_secret(const JsonView& object, std::string_view a, std::string_view b) {
  const JsonView value = object[a];
  return value.exists() ? value.secret() : object[b].secret();
}

// Step 4; accepts every spelling that any source shows.
Result<AccessKey> read_keys(const Secret& body) {
  const auto document = JsonDocument::parse(body.reveal());
  if (!document) return fail(document.error());
  JsonView keys = (*document)["credential"];
  if (!keys.exists()) keys = (*document)["credentials"];
  if (!keys.exists()) keys = document->root();
  const JsonView expiry = keys["expires_at"];
  AccessKey key{.id = first_text(keys, "access", "accessKeyId"),
                .secret = first_secret(keys, "secret", "secretAccessKey"),
                .security_token = first_secret(keys, "securitytoken", "securityToken"),
                .expires_at = expiry.exists() ? expiry.time() : keys["expiration"].time()};
  if (auto checked = check_access_key(key, "the answer"); !checked) {
    return fail(std::move(checked).error().with_kind(ErrorKind::transient));
  }
  if (!key.expires_at) {
    return fail(ErrorKind::transient, "the answer says no time at which the keys expire");
  }
  return key;
}

class EcsProvider final : public CredentialsProvider {
 public:
  EcsProvider(HttpClient& http, const Clock& clock, std::string endpoint)
      : http_(http), clock_(clock), endpoint_(std::move(endpoint)) {}

  // One refresh at a time; the others wait for its outcome.
  Result<std::shared_ptr<const Credentials>> current() override {
    const std::lock_guard lock(mutex_);
    const Time now = clock_.now();
    if (keys_ != nullptr && now < refresh_at_) return keys_;
    auto fresh = fetch_keys();
    if (fresh) {
      adopt(std::move(*fresh), now);
      return keys_;
    }
    if (keys_ != nullptr && now < expires_at_) {
      refresh_at_ = std::min(now + kRetryPause, expires_at_);
      return keys_;
    }
    return fail_with(std::move(fresh), "keys from the ECS metadata service");
  }

 private:
  // Step 5. Keys with a short life are refreshed in their last quarter, not before every request.
  void adopt(AccessKey key, Time now) {
    expires_at_ = *key.expires_at;
    const Seconds lifetime = std::max(expires_at_ - now, Seconds(0));
    refresh_at_ = expires_at_ - std::min(kRefreshMargin, lifetime / 4);
    keys_ = std::make_shared<const Credentials>(Credentials{
        .identity = std::move(key), .domain_id = {}, .project_id = {}, .iam_endpoint = {}});
  }

  Result<AccessKey> fetch_keys() {
    if (auto safe = require_metadata_endpoint(endpoint_); !safe) return pass(std::move(safe));
    if (token_.empty() && clock_.now() >= ask_token_at_) {
      if (auto fetched = fetch_token(false); !fetched) return pass(std::move(fetched));
    }
    auto answer = get_keys();
    if (answer && answer->status == 401 && !says_no_agency(*answer)) {
      // Step 3: the token is stale, or one is needed after all.
      token_ = Secret();
      if (auto fetched = fetch_token(true); !fetched) return pass(std::move(fetched));
      answer = get_keys();
    }
    if (!answer) return pass(std::move(answer));
    if (answer->status == 200) return read_keys(answer->body);
    return refusal(*answer);
  }

  static bool says_no_agency(const HttpResponse& answer) {
    return answer.body.reveal().find(kNoAgency) != std::string_view::npos;
  }

  // Step 1. Unless `required`, a service that knows no tokens is accepted.
  Result<void> fetch_token(bool required) {
    auto answer =
        exchange("PUT", "/meta-data/latest/api/token", {{"X-Metadata-Token-Ttl-Seconds", "21600"}});
    if (!answer) return pass(std::move(answer));
    const auto text = trim(answer->body.reveal());
    if (answer->status == 200 && !text.empty() && text.size() <= 8192 && is_header_safe(text)) {
      token_ = Secret::copy_of(text);
      return {};
    }
    const bool is_tokenless =
        answer->status == 404 || answer->status == 405 || answer->status == 503;
    if (is_tokenless && !required) {
      ask_token_at_ = clock_.now() + kTokenlessMemory;
      return {};
    }
    if (answer->status == 200) {
      return fail(ErrorKind::transient, "the answer to a token request is not a token");
    }
    return fail(judge(*answer).error.with_context("metadata token"));
  }

  // Step 2.
  Result<HttpResponse> get_keys() {
    Headers headers;
    if (!token_.empty()) headers.emplace_back("X-Metadata-Token", token_.reveal());
    return exchange("GET", "/openstack/latest/securitykey", std::move(headers));
  }

  Result<HttpResponse> exchange(std::string_view method, std::string_view path, Headers headers) {
    HttpRequest request{.method = std::string(method),
                        .url = fmt::format("{}{}", endpoint_, path),
                        .headers = std::move(headers),
                        .body = {},
                        .operation = "ecs.metadata",
                        .bypass_proxy = true,
                        .connect_timeout = 3s,
                        .total_timeout = 3s};
    auto answer = http_.send(request);
    for (auto& [name, value] : request.headers) wipe(value);
    return answer;
  }

  Verdict judge(const HttpResponse& answer) const {
    return judge_failure(answer,
                         {.host = "the metadata service", .iam_action = {}, .now = clock_.now()});
  }

  Failure refusal(const HttpResponse& answer) const {
    if (answer.status == 404 || says_no_agency(answer)) {
      return fail(ErrorKind::rejected,
                  "no agency is bound to this server; bind one that may use SCM and PCA");
    }
    Verdict verdict = judge(answer);
    // There is no key yet that could be locked, so the lock-out guard is not concerned.
    if (verdict.error.kind() == ErrorKind::unauthorized) {
      return fail(std::move(verdict.error).with_kind(ErrorKind::transient));
    }
    return fail(std::move(verdict.error));
  }

  HttpClient& http_;
  const Clock& clock_;
  const std::string endpoint_;

  std::mutex mutex_;
  Secret token_;
  Time ask_token_at_{};
  Time refresh_at_{};
  Time expires_at_{};
  std::shared_ptr<const Credentials> keys_;
};

}  // namespace

std::unique_ptr<CredentialsProvider> make_ecs_provider(HttpClient& http, const Clock& clock,
                                                       std::string endpoint) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return std::make_unique<EcsProvider>(http, clock, std::move(endpoint));
}

}  // namespace ccm::cloud
