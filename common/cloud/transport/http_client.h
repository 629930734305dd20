// SPDX-License-Identifier: Apache-2.0
// One HTTP exchange. The seam between the API clients and the network: curl in the agent, a script
// of answers in tests.
//
// Implementations are safe to call from several threads at once and never follow redirects.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace ccm::cloud {

// Header names compare without case (RFC 9110 section 5.1).
using Headers = std::vector<std::pair<std::string, std::string>>;
// Raw keys and values, not encoded (signer.h encodes them).
using Query = std::vector<std::pair<std::string, std::string>>;

// Whether a value that came from elsewhere (a token, a key's id) may stand in a header: visible
// ASCII without spaces. A line feed would begin another header.
bool is_header_safe(std::string_view value) noexcept;

struct HttpRequest {
  std::string method;          // upper case
  std::string url;             // absolute, percent-encoded, with its query
  Headers headers;             // may hold tokens: never log them
  std::string body;            // empty for none
  std::string operation = {};  // for who counts calls: "scm.ListCertificates"; never sent
  // Whether it changes nothing when it arrives twice. A GET never does.
  bool is_repeatable = false;
  // Direct connection whatever proxy is configured (docs/design/auth.md, "ECS agency").
  bool bypass_proxy = false;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds total_timeout{60'000};
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  // May hold a private key: Secret, so that it is wiped.
  Secret body;

  // The first value of a header, compared without case; empty when absent.
  std::string_view header(std::string_view name) const noexcept;
};

class HttpClient {
 public:
  HttpClient() = default;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  virtual ~HttpClient() = default;

  // Any complete HTTP answer is a value, whatever its status. Errors: `transient` when no complete
  // answer arrived (name resolution, connect, TLS, time-out, half a body), with the host in the
  // sentence and without any header or body in it. A server certificate that does not verify is
  // `transient` too (it may be mended there) and names the CA option.
  virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

}  // namespace ccm::cloud
