// SPDX-License-Identifier: Apache-2.0
// What a virtual host's settings say against the certificates it is to show. Pure function; while a
// configuration is judged.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/dialect.h"
#include "server/handshake.h"

namespace ccm::server {

struct JudgedSite {
  const CertificateSet& set;
  Reach reach;
  const config::Origin& origin;  // where its certificates were asked for
};

// One sentence each: two certificates with one kind of key, of which OpenSSL shows only one; cipher
// suites that leave no client for the kinds of key there are.
std::vector<std::string> doubts_about(const JudgedSite& site, const config::Config& config,
                                      const config::Dialect& dialect);

}  // namespace ccm::server
