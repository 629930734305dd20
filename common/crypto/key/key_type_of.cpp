// SPDX-License-Identifier: Apache-2.0
#include "crypto/key/key_type_of.h"

#include <openssl/obj_mac.h>
#include <openssl/objects.h>

#include <array>

#include "crypto/openssl.h"

namespace ccm::crypto {
namespace {

bool is_nist_curve(const EVP_PKEY* key) noexcept {
  std::array<char, 64> name{};
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) != 1) {
    // A curve that is given by its parameters has no name.
    drain_openssl_errors();
    return false;
  }
  const int curve = OBJ_sn2nid(name.data());
  return curve == NID_X9_62_prime256v1 || curve == NID_secp384r1 || curve == NID_secp521r1;
}

}  // namespace

KeyType key_type_of(const EVP_PKEY* key) noexcept {
  if (key == nullptr) return {KeyAlgorithm::other, 0};
  const int size = EVP_PKEY_get_bits(key);
  const unsigned bits = size > 0 ? static_cast<unsigned>(size) : 0;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return {KeyAlgorithm::rsa, bits};
    case EVP_PKEY_EC:
      return {is_nist_curve(key) ? KeyAlgorithm::ecdsa : KeyAlgorithm::other, bits};
    default:
      return {KeyAlgorithm::other, bits};
  }
}

const EVP_MD* signature_digest(KeyType type) noexcept {
  if (type.algorithm == KeyAlgorithm::other) return nullptr;
  if (type.algorithm == KeyAlgorithm::rsa || type.bits <= 256) return EVP_sha256();
  return type.bits <= 384 ? EVP_sha384() : EVP_sha512();
}

}  // namespace ccm::crypto
