// SPDX-License-Identifier: Apache-2.0
#include "cloud/identity/iam.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cloud/reply/errors.h"
#include "cloud/reply/json.h"
#include "cloud/transport/endpoints.h"
#include "cloud/transport/http_client.h"

namespace ccm::cloud {
namespace {

using namespace std::chrono_literals;

constexpr Seconds kRenewalMargin = 30min;
constexpr Seconds kRenewalPause = 60s;  // after a failed renewal while the old token still works
// When the answer does not say; far below the documented 24 hours.
constexpr Seconds kAssumedLifetime = 1h;

JsonObject named(std::string_view name) {
  JsonObject object;
  object.set("name", name);
  return object;
}

Result<std::string> login_body(const PasswordLogin& login) {
  JsonObject user = named(login.user);
  user.set("password", login.password.reveal()).set_object("domain", named(login.domain));
  JsonObject password;
  password.set_object("user", std::move(user));
  JsonObject identity;
  identity.set_texts("methods", {"password"}).set_object("password", std::move(password));
  JsonObject scope;
  if (login.project.empty()) {
    scope.set_object("domain", named(login.domain));
  } else {
    scope.set_object("project", named(login.project));
  }
  JsonObject auth;
  auth.set_object("identity", std::move(identity)).set_object("scope", std::move(scope));
  JsonObject body;
  body.set_object("auth", std::move(auth));
  return body.dump();
}

// The difference of the service's own two times, so that a wrong clock here does not matter.
Seconds lifetime_of(const Secret& body, Time now) {
  const auto document = JsonDocument::parse(body.reveal());
  if (!document) return kAssumedLifetime;
  const JsonView token = (*document)["token"];
  const auto expires_at = token["expires_at"].time();
  if (!expires_at) return kAssumedLifetime;
  return std::max(*expires_at - token["issued_at"].time().value_or(now), Seconds(0));
}

Result<Token> read_token(const HttpResponse& answer, Time now) {
  const auto value = answer.header("X-Subject-Token");
  if (value.empty() || !is_header_safe(value)) {
    return fail(ErrorKind::transient, "the answer carries no token in X-Subject-Token");
  }
  const Seconds lifetime = lifetime_of(answer.body, now);
  const Time expires_at = now + lifetime;
  return Token{.value = Secret::copy_of(value),
               .renew_at = expires_at - std::min(kRenewalMargin, lifetime / 4),
               .expires_at = expires_at};
}

}  // namespace

Result<Token> request_token(HttpClient& http, const std::string& iam_endpoint,
                            const PasswordLogin& login, Time now) {
  const auto where = require_safe_endpoint(iam_endpoint);
  if (!where) return fail(where.error());
  auto body = login_body(login);
  if (!body) return pass(std::move(body));
  HttpRequest request{.method = "POST",
                      .url = fmt::format("{}/v3/auth/tokens?nocatalog=true", iam_endpoint),
                      .headers = {{"Content-Type", "application/json"}},
                      .body = std::move(*body),
                      .operation = "iam.KeystoneCreateUserTokenByPassword"};
  auto answer = http.send(request);
  wipe(request.body);
  if (!answer) return pass(std::move(answer));
  if (answer->status / 100 == 2) return read_token(*answer, now);
  return fail(
      judge_failure(*answer, {.host = where->authority, .iam_action = {}, .now = now}).error);
}

Result<std::string> read_domain_id(const Secret& body) {
  const auto document = JsonDocument::parse(body.reveal());
  if (!document) return fail(document.error());
  for (const JsonView domain : (*document)["domains"].elements()) {
    if (std::string id = domain["id"].text(); !id.empty() && is_header_safe(id)) return id;
  }
  return fail(ErrorKind::rejected,
              "IAM names no account for this access key; set domain_id in the credentials");
}

Result<std::shared_ptr<const Token>> TokenCache::get(std::string_view fingerprint, Time now,
                                                     const Login& login) {
  const std::lock_guard lock(mutex_);
  if (fingerprint_ != fingerprint) {
    fingerprint_ = fingerprint;
    token_.reset();
  }
  if (token_ != nullptr && now < renew_at_) return token_;
  auto fresh = login();
  if (fresh) {
    renew_at_ = fresh->renew_at;
    token_ = std::make_shared<const Token>(std::move(*fresh));
    return token_;
  }
  const ErrorKind kind = fresh.error().kind();
  const bool is_passing = kind == ErrorKind::transient || kind == ErrorKind::throttled;
  if (token_ == nullptr || now >= token_->expires_at || !is_passing) return pass(std::move(fresh));
  renew_at_ = now + kRenewalPause;
  return token_;
}

void TokenCache::discard(const std::shared_ptr<const Token>& token) {
  const std::lock_guard lock(mutex_);
  if (token_ == token) token_.reset();
}

}  // namespace ccm::cloud
