// SPDX-License-Identifier: Apache-2.0
// Warnings about a virtual host whose TLS settings do not fit its certificates. Pure function; used
// while a configuration is judged.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/dialect.h"
#include "server/tls/handshake.h"

namespace ccm::server {

struct JudgedSite {
  const CertificateSet& set;
  const config::Origin& origin;  // of the directive that asks for its certificates
};

// One sentence for each: two certificates with the same kind of key, of which OpenSSL shows only
// one; cipher suites that no client can use with the certificates' kinds of key.
std::vector<std::string> doubts_about(const JudgedSite& site, const config::Config& config,
                                      const config::Dialect& dialect);

}  // namespace ccm::server
