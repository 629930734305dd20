// SPDX-License-Identifier: Apache-2.0
// OpenSSL's verdict on a path: that of a client that trusts what is above the path. Pure functions,
// except is_trusted_by_system().
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/certificate/certificate.h"

namespace ccm::crypto {

// Verifies `path` (leaf first, each followed by its issuer) as a TLS client does at `now`: dates,
// signatures, authorities' rights (CA, keyCertSign, path length, name constraints, key
// identifiers), critical extensions, purpose, security level 2. The last certificate is trusted, or
// `root` above it when that is given. nullopt for `now`: dates do not matter. `rejected` with
// OpenSSL's reason and the certificate it is about.
Result<void> verify_as_client(const std::vector<Certificate>& path,
                              const std::optional<Certificate>& root, std::optional<Time> now);

// Whether the leaf's subjectAltName is for `name`, a canonical one (names.h), as OpenSSL's clients
// compare it: the common name does not count.
bool is_named_for_client(const Certificate& leaf, const std::string& name);

// Whether a client on this machine would trust the chain at `now`: the roots are the system's
// (system_trust.h). False when there are none.
bool is_trusted_by_system(const std::vector<Certificate>& chain, Time now);

// The same for a client that trusts these authorities and no others, whether or not they are roots.
bool is_trusted_by(const std::vector<Certificate>& authorities,
                   const std::vector<Certificate>& chain, Time now);

}  // namespace ccm::crypto
