#include "cloud/session.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <utility>

#include "cloud/auth_gate.h"
#include "cloud/endpoints.h"
#include "cloud/errors.h"
#include "cloud/iam.h"
#include "cloud/signer.h"

namespace ccm::cloud {
namespace {

// The services want to be told the account; SDKs look it up first, we only when one insists.
constexpr std::string_view kInvalidDomainId = "SCM.0099";

void wipe_secrets(HttpRequest& request) {
  for (auto& [name, value] : request.headers) wipe(value);
  wipe(request.body);
}

struct Outcome {
  Result<Secret> body;
  bool has_stale_token = false;
};

}  // namespace

class Session::Impl {
 public:
  explicit Impl(Parts parts) : parts_(std::move(parts)) {}

  Result<Secret> call(const ApiRequest& request) {
    const auto target = require_safe_endpoint(request.endpoint);
    if (!target) return fail(target.error());
    const auto credentials = parts_.credentials.current();
    if (!credentials) return fail(credentials.error());
    const Caller caller{.credentials = **credentials,
                        .fingerprint = (*credentials)->fingerprint(),
                        .iam_endpoint = (*credentials)->iam_endpoint.empty()
                                            ? parts_.iam_endpoint
                                            : (*credentials)->iam_endpoint};
    const AuthGate::Lane lane = gate_.enter(caller.fingerprint);
    if (const auto* key = std::get_if<AccessKey>(&caller.credentials.identity)) {
      return call_with_key(caller, *key, request);
    }
    return call_with_token(caller, std::get<PasswordLogin>(caller.credentials.identity), request);
  }

 private:
  struct Caller {
    const Credentials& credentials;
    std::string fingerprint;
    std::string iam_endpoint;
  };

  Result<Secret> call_with_key(const Caller& caller, const AccessKey& key,
                               const ApiRequest& request) {
    auto first = exchange(caller, request, signed_headers(caller, key, request));
    const bool wants_account = !first.body && first.body.error().code() == kInvalidDomainId &&
                               caller.credentials.domain_id.empty() && known_domain(key).empty();
    if (!wants_account) return std::move(first.body);
    if (auto learnt = learn_domain(caller, key); !learnt) {
      return fail_with(std::move(learnt), "account id from IAM");
    }
    return exchange(caller, request, signed_headers(caller, key, request)).body;
  }

  Result<Secret> call_with_token(const Caller& caller, const PasswordLogin& login,
                                 const ApiRequest& request) {
    auto token = current_token(caller, login);
    if (!token) return fail_with(std::move(token), "token from IAM");
    auto first = exchange(caller, request, token_headers(**token));
    if (!first.has_stale_token) return std::move(first.body);
    tokens_.discard(*token);
    token = current_token(caller, login);
    if (!token) return fail_with(std::move(token), "token from IAM");
    auto second = exchange(caller, request, token_headers(**token));
    if (second.has_stale_token) {
      tokens_.discard(*token);
      note_refusal(caller, second.body.error());
    }
    return std::move(second.body);
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

  static Headers token_headers(const Token& token) {
    return {{"Content-Type", "application/json"},
            {"X-Auth-Token", std::string(token.value.reveal())}};
  }

  // The account or project header, of which the service wants one at most (signing.md section 7).
  void add_scope(Headers& headers, const Credentials& credentials, const AccessKey& key) {
    const std::string learnt = known_domain(key);
    const std::string& domain = credentials.domain_id.empty() ? learnt : credentials.domain_id;
    if (!domain.empty()) {
      headers.emplace_back("X-Domain-Id", domain);
    } else if (!credentials.project_id.empty()) {
      headers.emplace_back("X-Project-Id", credentials.project_id);
    }
  }

  Headers signed_headers(const Caller& caller, const AccessKey& key, const ApiRequest& request) {
    Headers headers = {{"Content-Type", "application/json"}};
    if (!key.security_token.empty()) {
      headers.emplace_back("X-Security-Token", key.security_token.reveal());
    }
    add_scope(headers, caller.credentials, key);
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

  // One authenticated exchange with its accounting. A stale token is not yet a refusal.
  Outcome exchange(const Caller& caller, const ApiRequest& request, Headers headers) {
    if (auto may = parts_.lockout.may_try(caller.fingerprint); !may) {
      return {.body = pass(std::move(may))};
    }
    const std::string query = canonical_query(request.query);
    HttpRequest http{.method = request.method,
                     .url = fmt::format("{}{}{}{}", request.endpoint, request.path,
                                        query.empty() ? "" : "?", query),
                     .headers = std::move(headers),
                     .body = request.body};
    auto answer = parts_.http.send(http);
    wipe_secrets(http);
    if (!answer) return {.body = pass(std::move(answer))};
    if (answer->status / 100 == 2) {
      note_acceptance(caller);
      return {.body = std::move(answer->body)};
    }
    return judge(caller, request, *answer);
  }

  Outcome judge(const Caller& caller, const ApiRequest& request, const HttpResponse& answer) {
    const UrlParts target = *split_url(request.endpoint);
    Verdict verdict = judge_failure(
        answer,
        {.host = target.authority, .iam_action = request.iam_action, .now = parts_.clock.now()});
    const bool has_token = std::holds_alternative<PasswordLogin>(caller.credentials.identity);
    const bool is_stale = has_token && verdict.decision == Decision::new_token;
    if (verdict.proves_identity) note_acceptance(caller);
    if (verdict.error.kind() == ErrorKind::unauthorized && !is_stale) {
      note_refusal(caller, verdict.error);
    }
    return {.body = fail(std::move(verdict.error)), .has_stale_token = is_stale};
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

  // API: KeystoneListAuthDomains. Once per access key (auth.md section 1).
  Result<void> learn_domain(const Caller& caller, const AccessKey& key) {
    if (auto safe = require_safe_endpoint(caller.iam_endpoint); !safe) return pass(std::move(safe));
    const ApiRequest lookup{.method = "GET",
                            .endpoint = caller.iam_endpoint,
                            .path = "/v3/auth/domains",
                            .query = {},
                            .body = {}};
    auto answer = exchange(caller, lookup, signed_headers(caller, key, lookup)).body;
    if (!answer) return pass(std::move(answer));
    auto id = read_domain_id(*answer);
    if (!id) return pass(std::move(id));
    const std::lock_guard lock(mutex_);
    domain_ids_[key.id] = std::move(*id);
    return {};
  }

  const Parts parts_;
  AuthGate gate_;
  TokenCache tokens_;
  std::mutex mutex_;
  std::map<std::string, std::string> domain_ids_;  // by access key id
};

Session::Session(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Session::~Session() = default;

Result<Secret> Session::call(const ApiRequest& request) {
  return impl_->call(request);
}

}  // namespace ccm::cloud
