// SPDX-License-Identifier: Apache-2.0
// The HttpClient on libcurl. Thread-safe: a handle per call, kept connections between calls.
// TLS verification is always on; `ca_pem` replaces the system's CA store for a private cloud.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "cloud/transport/http_client.h"
#include "cloud/transport/proxy_login.h"
#include "cloud/transport/reach.h"

namespace ccm::cloud {

struct CurlOptions {
  // PEM text of the CA certificates to trust; nullopt: the system's store. An empty text is a
  // mistake, such as an emptied file, and trusts nobody. Text, not a path, because the agent reads
  // the file before it drops to a user that may not.
  std::optional<std::string> ca_pem;
  std::string proxy;  // "http://host:port"; empty: none, whatever the environment says
  SharedProxyLogin proxy_login = {};  // nullptr: the proxy wants none
  std::string user_agent = "ccm-tls";
  // Does not connect directly to other addresses. A proxy resolves names itself, so behind one only
  // a host that is written as an address can be judged.
  Reach reach = Reach::anywhere;
  // Bytes; larger answers are an error (docs/design/auth.md, "Limits and lock-out").
  std::size_t body_limit = 12U << 20U;
};

// Makes curl use memory that is wiped. Code that uses curl in another way calls it first.
void initialize_curl_once();

// `invalid` when `ca_pem` holds no certificate.
Result<std::unique_ptr<HttpClient>> make_curl_client(const CurlOptions& options);

}  // namespace ccm::cloud
