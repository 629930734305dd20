// SPDX-License-Identifier: Apache-2.0
// Keys that are encrypted with a password, as other programs and authorities deliver them. Pure
// functions; OpenSSL's legacy algorithms are loaded separately and only for the call.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/certificate/certificate.h"
#include "crypto/key/key_pair.h"

namespace ccm::crypto {

// Whether the text's private key is encrypted: PKCS#8 (RFC 5958 section 3), or one of the older
// forms with a Proc-Type header (RFC 1421).
bool has_encrypted_key(std::string_view pem);
// Decrypts that key. `unauthorized` when the password is wrong or the text is damaged; the two
// cannot be told apart.
Result<KeyPair> decrypt_key_pem(std::string_view pem, const Secret& password);

struct KeyWithCertificates {
  KeyPair key;
  std::vector<Certificate> certificates;  // in no particular order
};
// PKCS #12 (RFC 7292), also with the RC2 and triple DES of older programs. `unauthorized`
// for a wrong password, `invalid` for a file that is damaged or has no key or no certificate.
Result<KeyWithCertificates> parse_pkcs12(std::span<const std::byte> der, const Secret& password);

}  // namespace ccm::crypto
