// SPDX-License-Identifier: Apache-2.0
// `openssl s_server` on a free loopback port: a TLS server that shares no code with the client
// under test. Ends with the object, and with the test program however that ends.
#pragma once

#include <sys/types.h>

#include <string>

#include "support/temp_directory.h"

namespace ccm::test {

class TlsServer {
 public:
  // `ciphers` of TLS 1.2, which is then the only version; empty: what openssl offers. `folder`: of
  // files that are served; empty: every request gets a page about the connection.
  TlsServer(const std::string& certificate_pem, const std::string& key_pem,
            const std::string& ciphers = {}, const std::string& folder = {});
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  // "https://127.0.0.1:port/"; empty when the server did not start.
  const std::string& url() const { return url_; }
  int port() const { return port_; }

 private:
  TempDirectory directory_;
  pid_t child_ = -1;
  int port_ = 0;
  std::string url_;
};

}  // namespace ccm::test
