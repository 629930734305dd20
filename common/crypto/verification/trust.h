// SPDX-License-Identifier: Apache-2.0
// Sets the trusted authorities and the client certificate of a TLS client, for libraries that give
// access to a connection's OpenSSL context. Any thread.
#pragma once

#include <vector>

#include "base/result.h"
#include "crypto/certificate/certificate.h"
#include "crypto/key/key_pair.h"

namespace ccm::crypto {

// Adds the certificates to those that the context trusts. `context`: an SSL_CTX, borrowed. To be
// called once for each new context.
Result<void> add_trust(void* context, const std::vector<Certificate>& trusted);

// Makes the context show a certificate: `chain` with the leaf first, and the leaf's key. `context`:
// as above. `rejected` when the key does not fit.
Result<void> show_certificate(void* context, const std::vector<Certificate>& chain,
                              const KeyPair& key);

}  // namespace ccm::crypto
