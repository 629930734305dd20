// SPDX-License-Identifier: Apache-2.0
#include "crypto/key/key_pair.h"

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <optional>
#include <string>

#include "crypto/certificate/pem_block.h"
#include "crypto/key/key_type_of.h"

namespace ccm::crypto {
namespace {

using X509SigHandle = Handle<X509_SIG, X509_SIG_free>;
using Pkcs8Handle = Handle<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

// OpenSSL limits the keys that verify (OPENSSL_RSA_MAX_MODULUS_BITS), but not those that sign.
constexpr unsigned kMaxKeyBits = 16384;

bool is_private_key_label(std::string_view label) noexcept {
  return label == "PRIVATE KEY" || label == "RSA PRIVATE KEY" || label == "EC PRIVATE KEY" ||
         label == "ENCRYPTED PRIVATE KEY";
}

Failure encrypted_key_failure() {
  return fail(ErrorKind::invalid,
              "private key: it is encrypted; give it without a passphrase (openssl pkey -in FILE)");
}

// An EncryptedPrivateKeyInfo (RFC 5958 section 3) has the shape of an X509_SIG.
bool is_encrypted_der(std::span<const std::byte> der) noexcept {
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const X509SigHandle parsed(d2i_X509_SIG(nullptr, &position, static_cast<long>(der.size())));
  drain_openssl_errors();
  return parsed != nullptr;
}

// The algorithm of a PKCS#8 key, as EVP_PKEY_… constant; NID_undef for every other form.
int pkcs8_algorithm(const unsigned char* der, long size) noexcept {
  const Pkcs8Handle parsed(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &der, size));
  drain_openssl_errors();
  const ASN1_OBJECT* algorithm = nullptr;
  if (parsed == nullptr ||
      PKCS8_pkey_get0(&algorithm, nullptr, nullptr, nullptr, parsed.get()) != 1) {
    return NID_undef;
  }
  return OBJ_obj2nid(algorithm);
}

EvpKeyHandle decode(const unsigned char*& position, long size) {
  // Workers parse a key at every swap. Naming the type saves OpenSSL 3.0 from trying all its
  // decoders (measured: a third of the time).
  const int algorithm = pkcs8_algorithm(position, size);
  if (algorithm == EVP_PKEY_RSA || algorithm == EVP_PKEY_EC) {
    EvpKeyHandle key(d2i_PrivateKey(algorithm, nullptr, &position, size));
    if (key != nullptr) return key;
  }
  return EvpKeyHandle(d2i_AutoPrivateKey(nullptr, &position, size));
}

// `secmem` memory is wiped when it grows and when it is freed.
BioHandle open_wiped_buffer() {
  return BioHandle(BIO_new(BIO_s_secmem()));
}

Result<Secret> encode(const EVP_PKEY* key) {
  const BioHandle buffer = open_wiped_buffer();
  if (buffer == nullptr ||
      i2d_PKCS8PrivateKey_bio(buffer.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return fail(openssl_error(ErrorKind::internal, "write a private key as DER"));
  }
  return Secret::copy_of(content_of(buffer.get()));
}

Result<KeyPair> parse_key_block(const PemBlock& block) {
  if (!block.ended) {
    return fail(
        ErrorKind::invalid,
        fmt::format("private key: it begins with BEGIN {0} and has no END {0}", block.label));
  }
  if (is_encrypted(block)) return encrypted_key_failure();
  Result<Secret> der = decode_base64(block.body);
  if (!der) return fail_with(std::move(der), "private key");
  return KeyPair::parse_der(der->bytes());
}

}  // namespace

Result<KeyPair> KeyPair::generate(KeyType type) {
  EvpKeyHandle key;
  if (type.algorithm == KeyAlgorithm::rsa && type.bits >= 2048 && type.bits <= kMaxKeyBits) {
    key.reset(EVP_RSA_gen(type.bits));
  } else if (type.algorithm == KeyAlgorithm::ecdsa && (type.bits == 256 || type.bits == 384)) {
    key.reset(EVP_EC_gen(type.bits == 256 ? "P-256" : "P-384"));
  } else {
    return fail(ErrorKind::invalid,
                fmt::format("generate a private key: {} bits of type {} are not offered", type.bits,
                            to_string(type)));
  }
  if (key == nullptr) return fail(openssl_error(ErrorKind::internal, "generate a private key"));
  return KeyPair(std::move(key));
}

Result<KeyPair> KeyPair::parse_pem(std::string_view pem) {
  if (Result<void> size = check_input_size(pem.size()); !size) {
    return fail_with(std::move(size), "private key");
  }
  std::optional<PemBlock> found;
  while (const std::optional<PemBlock> block = next_pem_block(pem)) {
    if (!is_private_key_label(block->label)) continue;
    if (found) return fail(ErrorKind::invalid, "private key: the text holds more than one");
    found = block;
  }
  if (!found) {
    return fail(ErrorKind::invalid,
                "private key: the text holds no BEGIN PRIVATE KEY, BEGIN RSA PRIVATE KEY or BEGIN "
                "EC PRIVATE KEY block");
  }
  return parse_key_block(*found);
}

Result<KeyPair> KeyPair::parse_der(std::span<const std::byte> der) {
  if (Result<void> size = check_input_size(der.size()); !size) {
    return fail_with(std::move(size), "private key");
  }
  constexpr std::byte kSequence{0x30};
  if (der.empty() || der.front() != kSequence) {
    return fail(ErrorKind::invalid, "private key: it is not in DER form");
  }
  if (is_encrypted_der(der)) return encrypted_key_failure();
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = position + der.size();
  EvpKeyHandle key = decode(position, static_cast<long>(der.size()));
  if (key == nullptr) {
    return fail(
        openssl_error(ErrorKind::invalid, "private key: it is not PKCS#8, PKCS#1 or SEC 1"));
  }
  drain_openssl_errors();
  if (position != end) return fail(ErrorKind::invalid, "private key: bytes follow its end");
  if (key_type_of(key.get()).bits > kMaxKeyBits) {
    return fail(ErrorKind::invalid, "private key: it is larger than 16384 bits");
  }
  return KeyPair(std::move(key));
}

Result<Secret> KeyPair::to_pem() const {
  const Result<Secret>& der = encoded();
  if (!der) return fail(der.error());
  const BioHandle buffer = open_wiped_buffer();
  const auto* bytes = reinterpret_cast<const unsigned char*>(der->bytes().data());
  if (buffer == nullptr || PEM_write_bio(buffer.get(), PEM_STRING_PKCS8INF, "", bytes,
                                         static_cast<long>(der->size())) <= 0) {
    return fail(openssl_error(ErrorKind::internal, "write a private key as PEM"));
  }
  return Secret::copy_of(content_of(buffer.get()));
}

Result<Secret> KeyPair::to_der() const {
  const Result<Secret>& der = encoded();
  if (!der) return fail(der.error());
  return der->clone();
}

Result<std::size_t> KeyPair::der_size() const {
  const Result<Secret>& der = encoded();
  if (!der) return fail(der.error());
  return der->size();
}

const Result<Secret>& KeyPair::encoded() const {
  std::call_once(encoded_->once, [this] { encoded_->der = encode(native()); });
  return encoded_->der;
}

KeyType KeyPair::type() const noexcept {
  return key_type_of(native());
}

bool KeyPair::has_same_public_key(const KeyPair& other) const noexcept {
  const bool same = EVP_PKEY_eq(native(), other.native()) == 1;
  drain_openssl_errors();
  return same;
}

}  // namespace ccm::crypto
