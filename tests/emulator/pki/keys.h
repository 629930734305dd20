// SPDX-License-Identifier: Apache-2.0
// Key pairs of the emulated cloud: making, reading and writing them. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "pki/openssl_handles.h"

namespace emulator {

// The PCA name of a key kind (RSA2048, RSA3072, RSA4096, RSA1024, EC256, EC384) for what people and
// documents write ("RSA_2048", "EC P-256", "ecdsa:384"); empty when it is none of them.
std::string key_kind(std::string_view text);

// `kind` as key_kind gives it, or SM2. Throws std::runtime_error when OpenSSL refuses.
KeyHandle generate_key(std::string_view kind);
// The kind of an existing key; "OTHER" when it has no PCA name.
std::string kind_of(const EVP_PKEY* key);
// The algorithm and size as JSON documents show them: {"RSA", 2048}, {"EC", 256}.
std::string algorithm_of(const EVP_PKEY* key);

// "BEGIN RSA PRIVATE KEY" or "BEGIN EC PRIVATE KEY", LF line ends. With a password: PKCS#8,
// AES-256.
std::string private_key_pem(EVP_PKEY* key, const std::string& password = "");
std::string public_key_pem(EVP_PKEY* key);
// Null when it cannot be read or needs a password.
KeyHandle parse_private_key(const std::string& pem);

}  // namespace emulator
