// SPDX-License-Identifier: Apache-2.0
// A private key with its public half. Shared and immutable: copies refer to the same key, OpenSSL
// wipes it when the last one goes. Any thread may read one.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/key/key_type.h"
#include "crypto/openssl.h"

namespace ccm::crypto {

class KeyPair {
 public:
  // A fresh key: RSA with e = 65537, or ECDSA on P-256 / P-384.
  static Result<KeyPair> generate(KeyType type);
  // One unencrypted private key in PEM: PKCS#8, PKCS#1 ("RSA PRIVATE KEY") or SEC 1 ("EC PRIVATE
  // KEY"); CRLF and text around the block are fine. An encrypted key is `invalid` and says so.
  static Result<KeyPair> parse_pem(std::string_view pem);
  // PKCS#8 PrivateKeyInfo, PKCS#1 or SEC 1 in DER.
  static Result<KeyPair> parse_der(std::span<const std::byte> der);

  // PKCS#8 PEM, LF line ends.
  Result<Secret> to_pem() const;
  // PKCS#8 DER.
  Result<Secret> to_der() const;
  // Its size in bytes.
  Result<std::size_t> der_size() const;

  KeyType type() const noexcept;
  // Whether both public halves are the same key.
  bool has_same_public_key(const KeyPair& other) const noexcept;
  // Borrowed; lives as long as this object or any copy of it.
  EVP_PKEY* native() const noexcept { return key_.get(); }

 private:
  // Encoded when somebody first asks, because OpenSSL 3.0 takes long to find its encoder.
  struct Encoded {
    std::once_flag once;
    Result<Secret> der{Secret()};
  };

  explicit KeyPair(EvpKeyHandle key)
      : key_(std::move(key)), encoded_(std::make_shared<Encoded>()) {}
  const Result<Secret>& encoded() const;

  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<Encoded> encoded_;
};

}  // namespace ccm::crypto
