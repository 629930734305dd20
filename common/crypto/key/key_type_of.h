// SPDX-License-Identifier: Apache-2.0
// OpenSSL's key objects in this program's terms. Used inside the crypto room only.
#pragma once

#include <openssl/evp.h>

#include "crypto/key/key_type.h"

namespace ccm::crypto {

// RSA and ECDSA on P-256, P-384 or P-521 by name; everything else (RSA-PSS, Ed25519, SM2, other
// curves) is `other`. A null key is `other` with 0 bits.
KeyType key_type_of(const EVP_PKEY* key) noexcept;
// The digest with which a key of this type signs: SHA-384 for P-384, SHA-512 for P-521, SHA-256 for
// the rest; null for `other`, which lets OpenSSL choose.
const EVP_MD* signature_digest(KeyType type) noexcept;

}  // namespace ccm::crypto
