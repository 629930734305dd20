// SPDX-License-Identifier: Apache-2.0
// An authenticated session with one account: credentials, signing or token, account headers, error
// decisions. The API clients (scm.h, pca.h) make their calls through it.
//
// Thread-safe. Borrows its parts. Only a few calls run at once, and fewer while the credentials are
// not known to be good (auth_gate.h); other calls wait.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "cloud/identity/credentials.h"
#include "cloud/transport/http_client.h"

namespace ccm::cloud {

// Stops the program from locking the operator's key, which takes five refusals in a row
// (docs/design/auth.md, "Limits and lock-out"): after two, no call is made with the same
// credentials but for rare probes. An interface, because the agent keeps the count across restarts.
class LockoutGuard {
 public:
  LockoutGuard() = default;
  LockoutGuard(const LockoutGuard&) = delete;
  LockoutGuard& operator=(const LockoutGuard&) = delete;
  virtual ~LockoutGuard() = default;

  // `unauthorized` when these credentials may not be tried now.
  virtual Result<void> may_try(std::string_view credentials_fingerprint) = 0;
  virtual void refused(std::string_view credentials_fingerprint, std::string_view reason) = 0;
  virtual void accepted(std::string_view credentials_fingerprint) = 0;
};

struct ApiRequest {
  std::string method;
  std::string endpoint;  // "https://scm.ap-southeast-1.myhuaweicloud.com", no trailing slash
  std::string path;      // percent-encoded
  Query query;
  std::string body;                  // JSON; empty for none
  std::string_view iam_action = {};  // the permission it needs, for the sentence when it is missing
  Headers headers = {};              // besides those of the authentication
  std::string content_type = "application/json";
  std::string project_id = {};  // set: a service of a region, which wants X-Project-Id
  std::string operation = {};   // "scm.ListCertificates", for counts of calls
  bool is_anonymous = false;    // one of the few calls that need no authentication
  bool is_repeatable = false;   // changes nothing when it arrives twice (http_client.h)
};

class Session {
 public:
  struct Parts {
    HttpClient& http;
    CredentialsProvider& credentials;
    LockoutGuard& lockout;
    const Clock& clock;
    std::string iam_endpoint;
  };
  explicit Session(Parts parts);
  ~Session();

  // The body of a 2xx answer. Everything else is an Error by the table in errors.h, with code and
  // request id. An expired token is renewed once and the call repeated once, and an account id that
  // the service insists on is looked up once; nothing else is repeated here: back-off is the
  // lifecycle's decision. `invalid` without a call when the endpoint is not https (endpoints.h).
  Result<Secret> call(const ApiRequest& request);
  // The same for callers that also need status and headers of a 2xx answer.
  Result<HttpResponse> exchange(const ApiRequest& request);
  // The request that exchange() would send, with its secrets, without sending it. For a login it
  // has a placeholder, because a token would need a call.
  Result<HttpRequest> preview(const ApiRequest& request);

  // The session's clock, for a client that waits over several calls.
  const Clock& clock() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ccm::cloud
