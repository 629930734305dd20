// SPDX-License-Identifier: Apache-2.0
#include "cloud/identity/session.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <utility>

#include "cloud/identity/auth_gate.h"
#include "cloud/identity/iam.h"
#include "cloud/identity/signer.h"
#include "cloud/reply/errors.h"
#include "cloud/transport/endpoints.h"

namespace ccm::cloud {
namespace {

// Services say so when they want to know the account. The SDKs look it up first; we do only when a
// service insists.
constexpr std::string_view kInvalidDomainId = "SCM.0099";

void wipe_secrets(HttpRequest& request) {
  for (auto& [name, value] : request.headers) wipe(value);
  wipe(request.body);
}

struct Outcome {
  Result<HttpResponse> answer;
  bool has_stale_token = false;
};

// Two services may share an endpoint, as behind a gateway. Still, neither must wait for the other.
std::string service_of(const ApiRequest& request) {
  return request.endpoint + " " +
         std::string(request.iam_action.substr(0, request.iam_action.find(':')));
}

constexpr std::string_view kTokenPlace = "(a token for this login)";

}  // namespace

class Session::Impl {
 public:
  explicit Impl(Parts parts) : parts_(std::move(parts)) {}

  const Clock& clock() const noexcept { return parts_.clock; }

  Result<HttpResponse> exchange(const ApiRequest& request) {
    const auto target = require_safe_endpoint(request.endpoint);
    if (!target) return fail(target.error());
    if (request.is_anonymous) return call_anonymously(request);
    const auto caller = current_caller();
    if (!caller) return fail(caller.error());
    const AuthGate::Lane lane = gate_.enter(caller->fingerprint, service_of(request));
    if (const auto* key = std::get_if<AccessKey>(&caller->credentials->identity)) {
      return call_with_key(*caller, *key, request);
    }
    return call_with_token(*caller, std::get<PasswordLogin>(caller->credentials->identity),
                           request);
  }

  Result<HttpRequest> preview(const ApiRequest& request) {
    const auto target = require_safe_endpoint(request.endpoint);
    if (!target) return fail(target.error());
    if (request.is_anonymous) return http_request(request, plain_headers(request));
    const auto caller = current_caller();
    if (!caller) return fail(caller.error());
    if (const auto* key = std::get_if<AccessKey>(&caller->credentials->identity)) {
      return http_request(request, signed_headers(*caller, *key, request));
    }
    return http_request(request, token_headers(kTokenPlace, request));
  }

 private:
  struct Caller {
    std::shared_ptr<const Credentials> credentials;
    std::string fingerprint;
    std::string iam_endpoint;
  };

  Result<Caller> current_caller() {
    auto credentials = parts_.credentials.current();
    if (!credentials) return pass(std::move(credentials));
    const std::string& own = (*credentials)->iam_endpoint;
    return Caller{.credentials = *credentials,
                  .fingerprint = (*credentials)->fingerprint(),
                  .iam_endpoint = own.empty() ? parts_.iam_endpoint : own};
  }

  Result<HttpResponse> call_anonymously(const ApiRequest& request) {
    HttpRequest http = http_request(request, plain_headers(request));
    auto answer = parts_.http.send(http);
    wipe_secrets(http);
    if (!answer || answer->status / 100 == 2) return answer;
    return fail(verdict_of(request, *answer).error);
  }

  Result<HttpResponse> call_with_key(const Caller& caller, const AccessKey& key,
                                     const ApiRequest& request) {
    auto first = attempt(caller, request, signed_headers(caller, key, request));
    const bool wants_account = !first.answer && first.answer.error().code() == kInvalidDomainId &&
                               caller.credentials->domain_id.empty() && known_domain(key).empty();
    if (!wants_account) return std::move(first.answer);
    if (auto learnt = learn_domain(caller, key); !learnt) {
      return fail_with(std::move(learnt), "account id from IAM");
    }
    return attempt(caller, request, signed_headers(caller, key, request)).answer;
  }

  Result<HttpResponse> call_with_token(const Caller& caller, const PasswordLogin& login,
                                       const ApiRequest& request) {
    auto token = current_token(caller, login);
    if (!token) return fail_with(std::move(token), "token from IAM");
    auto first = attempt(caller, request, token_headers((*token)->value.reveal(), request));
    if (!first.has_stale_token) return std::move(first.answer);
    tokens_.discard(*token);
    token = current_token(caller, login);
    if (!token) return fail_with(std::move(token), "token from IAM");
    auto second = attempt(caller, request, token_headers((*token)->value.reveal(), request));
    if (second.has_stale_token) {
      tokens_.discard(*token);
      note_refusal(caller, second.answer.error());
    }
    return std::move(second.answer);
  }

  Result<std::shared_ptr<const Token>> current_token(const Caller& caller,
                                                     const PasswordLogin& login) {
    const Time now = parts_.clock.now();
    return tokens_.get(caller.fingerprint, now, [&]() -> Result<Token> {
      if (auto may = parts_.lockout.may_try(caller.fingerprint); !may) return pass(std::move(may));
      auto token = request_token(parts_.http, caller.iam_endpoint, login, now);
      if (token) {
        note_acceptance(caller);
      } else if (token.error().kind() == ErrorKind::unauthorized) {
        note_refusal(caller, token.error());
      }
      return token;
    });
  }

  static Headers plain_headers(const ApiRequest& request) {
    Headers headers = {{"Content-Type", request.content_type}};
    headers.insert(headers.end(), request.headers.begin(), request.headers.end());
    return headers;
  }

  static Headers token_headers(std::string_view token, const ApiRequest& request) {
    Headers headers = plain_headers(request);
    headers.emplace_back("X-Auth-Token", token);
    if (!request.project_id.empty()) headers.emplace_back("X-Project-Id", request.project_id);
    return headers;
  }

  // At most one header, as the SDK does (docs/design/signing.md, "Account and project headers").
  void add_scope(Headers& headers, const Credentials& credentials, const AccessKey& key,
                 const std::string& project) {
    if (!project.empty()) {
      headers.emplace_back("X-Project-Id", project);
      return;
    }
    const std::string learnt = known_domain(key);
    const std::string& domain = credentials.domain_id.empty() ? learnt : credentials.domain_id;
    if (!domain.empty()) {
      headers.emplace_back("X-Domain-Id", domain);
    } else if (!credentials.project_id.empty()) {
      headers.emplace_back("X-Project-Id", credentials.project_id);
    }
  }

  Headers signed_headers(const Caller& caller, const AccessKey& key, const ApiRequest& request) {
    Headers headers = plain_headers(request);
    if (!key.security_token.empty()) {
      headers.emplace_back("X-Security-Token", key.security_token.reveal());
    }
    add_scope(headers, *caller.credentials, key, request.project_id);
    const UrlParts target = *split_url(request.endpoint);
    const std::string path = fmt::format("{}{}", target.path, request.path);
    return sign(key, {.method = request.method,
                      .host = target.authority,
                      .path = path,
                      .query = request.query,
                      .headers = std::move(headers),
                      .body = request.body,
                      .now = parts_.clock.now()})
        .headers;
  }

  // One authenticated exchange, and what it says about the credentials. A stale token is not yet a
  // refusal.
  Outcome attempt(const Caller& caller, const ApiRequest& request, Headers headers) {
    if (auto may = parts_.lockout.may_try(caller.fingerprint); !may) {
      return {.answer = pass(std::move(may))};
    }
    HttpRequest http = http_request(request, std::move(headers));
    auto answer = parts_.http.send(http);
    wipe_secrets(http);
    if (!answer) return {.answer = pass(std::move(answer))};
    if (answer->status / 100 == 2) {
      note_acceptance(caller);
      return {.answer = std::move(*answer)};
    }
    return judge(caller, request, *answer);
  }

  static HttpRequest http_request(const ApiRequest& request, Headers headers) {
    const std::string query = canonical_query(request.query);
    return {.method = request.method,
            .url = fmt::format("{}{}{}{}", request.endpoint, request.path, query.empty() ? "" : "?",
                               query),
            .headers = std::move(headers),
            .body = request.body,
            .operation = request.operation,
            .is_repeatable = request.is_repeatable};
  }

  Verdict verdict_of(const ApiRequest& request, const HttpResponse& answer) const {
    const UrlParts target = *split_url(request.endpoint);
    return judge_failure(
        answer,
        {.host = target.authority, .iam_action = request.iam_action, .now = parts_.clock.now()});
  }

  Outcome judge(const Caller& caller, const ApiRequest& request, const HttpResponse& answer) {
    Verdict verdict = verdict_of(request, answer);
    const bool has_token = std::holds_alternative<PasswordLogin>(caller.credentials->identity);
    const bool is_stale = has_token && verdict.decision == Decision::new_token;
    if (verdict.proves_identity) note_acceptance(caller);
    if (verdict.error.kind() == ErrorKind::unauthorized && !is_stale) {
      note_refusal(caller, verdict.error);
    }
    return {.answer = fail(std::move(verdict.error)), .has_stale_token = is_stale};
  }

  void note_acceptance(const Caller& caller) {
    parts_.lockout.accepted(caller.fingerprint);
    gate_.accepted();
  }
  void note_refusal(const Caller& caller, const Error& error) {
    parts_.lockout.refused(caller.fingerprint, error.message());
    gate_.refused();
  }

  std::string known_domain(const AccessKey& key) {
    const std::lock_guard lock(mutex_);
    const auto found = domain_ids_.find(key.id);
    return found == domain_ids_.end() ? std::string() : found->second;
  }

  // API: KeystoneListAuthDomains. Once per access key (docs/design/auth.md, "Account id").
  Result<void> learn_domain(const Caller& caller, const AccessKey& key) {
    if (auto safe = require_safe_endpoint(caller.iam_endpoint); !safe) return pass(std::move(safe));
    const ApiRequest lookup{.method = "GET",
                            .endpoint = caller.iam_endpoint,
                            .path = "/v3/auth/domains",
                            .query = {},
                            .body = {},
                            .operation = "iam.KeystoneListAuthDomains"};
    auto answer = attempt(caller, lookup, signed_headers(caller, key, lookup)).answer;
    if (!answer) return pass(std::move(answer));
    auto id = read_domain_id(answer->body);
    if (!id) return pass(std::move(id));
    const std::lock_guard lock(mutex_);
    domain_ids_[key.id] = std::move(*id);
    return {};
  }

  const Parts parts_;
  AuthGate gate_{parts_.clock};
  TokenCache tokens_;
  std::mutex mutex_;
  std::map<std::string, std::string> domain_ids_;  // by access key id
};

Session::Session(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Session::~Session() = default;

const Clock& Session::clock() const noexcept {
  return impl_->clock();
}

Result<Secret> Session::call(const ApiRequest& request) {
  auto answer = impl_->exchange(request);
  if (!answer) return pass(std::move(answer));
  return std::move(answer->body);
}

Result<HttpResponse> Session::exchange(const ApiRequest& request) {
  return impl_->exchange(request);
}

Result<HttpRequest> Session::preview(const ApiRequest& request) {
  return impl_->preview(request);
}

}  // namespace ccm::cloud
