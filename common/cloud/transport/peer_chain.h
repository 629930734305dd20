// SPDX-License-Identifier: Apache-2.0
// The certificates that a TLS server shows, whoever issued them: for explaining why one is not
// trusted. Nothing is sent but a handshake. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cloud/transport/proxy_login.h"
#include "crypto/certificate/certificate.h"

namespace ccm::cloud {

// In the order shown, leaf first. `proxy` as in CurlOptions. `transient` when there is no handshake
// within ten seconds.
Result<std::vector<crypto::Certificate>> fetch_peer_chain(const std::string& url,
                                                          const std::string& proxy,
                                                          const SharedProxyLogin& login = {});

}  // namespace ccm::cloud
