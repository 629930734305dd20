// SPDX-License-Identifier: Apache-2.0
// Whom a TLS client trusts, for libraries that hand out OpenSSL's context of a connection. Any
// thread.
#pragma once

#include <vector>

#include "base/result.h"
#include "crypto/certificate.h"

namespace ccm::crypto {

// Adds the certificates to those that the context trusts. `context`: an SSL_CTX, borrowed. Once for
// each new context.
Result<void> add_trust(void* context, const std::vector<Certificate>& trusted);

}  // namespace ccm::crypto
