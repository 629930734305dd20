// The order of certificates. Pure functions.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "crypto/certificate.h"

namespace ccm::crypto {

// Puts a bag of certificates into serving order: the leaf, then each issuing authority in turn; the
// root and whatever does not belong to the path is dropped, duplicates too. The leaf is the
// certificate that `key` fits when a key is given (of several, the one that ends last), otherwise
// the only one that issued none of the others. Of cross-signed authorities the one that ends last
// is taken. `rejected` when there is no leaf, or more than 32 certificates. A path with a missing
// intermediate is returned as far as it goes: whether that is acceptable is the gate's decision.
Result<std::vector<Certificate>> order_chain(std::vector<Certificate> certificates,
                                             const KeyPair* key);

}  // namespace ccm::crypto
