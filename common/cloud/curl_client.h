// The HttpClient on libcurl. Thread-safe: a handle per call, connections shared between calls.
// TLS verification is always on; a private cloud's CA is added by `ca_file`.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cloud/http_client.h"

namespace ccm::cloud {

struct CurlOptions {
  std::string ca_file;     // PEM; empty: the system's store
  std::string proxy;       // "http://host:port"; empty: none, whatever the environment says
  std::string user_agent = "ccm-tls";
  std::size_t body_limit = 12U << 20U;  // bytes; larger answers are an error (auth.md section 7)
};

// `invalid` when the CA file cannot be read.
Result<std::unique_ptr<HttpClient>> make_curl_client(const CurlOptions& options);

}  // namespace ccm::cloud
