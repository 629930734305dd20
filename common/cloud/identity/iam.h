// SPDX-License-Identifier: Apache-2.0
// IAM: a user's token, and the account's id (docs/design/auth.md, "Token login").
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "cloud/identity/credentials.h"
#include "cloud/transport/http_client.h"

namespace ccm::cloud {

struct Token {
  Secret value;
  Time renew_at;  // half an hour before the end, or a quarter of the lifetime when that is shorter
  Time expires_at;  // by our clock: the lifetime is the service's, counted from now
};

// API: KeystoneCreateUserTokenByPassword. The one call that needs no authentication. `unauthorized`
// for a wrong password, which counts towards the account's lock-out.
Result<Token> request_token(HttpClient& http, const std::string& iam_endpoint,
                            const PasswordLogin& login, Time now);

// The account's id from the answer to KeystoneListAuthDomains; `rejected` when there is none.
Result<std::string> read_domain_id(const Secret& body);

// Keeps the token of one identity. Thread-safe; one login at a time, for which the others wait.
class TokenCache {
 public:
  using Login = std::function<Result<Token>()>;

  // The token, renewed by `login` when it is due or belongs to another identity. A renewal that
  // fails for a passing reason leaves the old token in use while it is valid.
  Result<std::shared_ptr<const Token>> get(std::string_view fingerprint, Time now,
                                           const Login& login);
  // To be called when the service has refused this token. The next get() logs in, unless somebody
  // has done so already.
  void discard(const std::shared_ptr<const Token>& token);

 private:
  std::mutex mutex_;
  std::string fingerprint_;
  std::shared_ptr<const Token> token_;
  Time renew_at_{};
};

}  // namespace ccm::cloud
