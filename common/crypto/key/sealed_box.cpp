// SPDX-License-Identifier: Apache-2.0
#include "crypto/key/sealed_box.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstddef>
#include <span>
#include <utility>

#include "crypto/digest.h"
#include "crypto/key/sealing.h"
#include "crypto/openssl.h"

namespace ccm::crypto {
namespace {

constexpr std::string_view kBoxMark = "ccm-box-1\n";
constexpr std::size_t kLongestPublicHalf = 200;
constexpr std::string_view kZeroNonce{"\0\0\0\0\0\0\0\0\0\0\0\0", kSealingNonceSize};

Failure no_public_key() {
  drain_openssl_errors();
  return fail(ErrorKind::invalid, "it is no public key on the curve P-256");
}

Result<EvpKeyHandle> parse_public_half(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = at + der.size();
  EvpKeyHandle key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key || at != end) return no_public_key();
  return key;
}

Secret as_secret(const Sha256& digest) {
  return Secret::copy_of(std::span<const std::byte>(digest));
}

// Both sides derive the same key: ECDH, then HKDF.
Result<Secret> derive_key(EVP_PKEY* own, EVP_PKEY* peer, std::string_view info) {
  const EvpKeyContextHandle context(EVP_PKEY_CTX_new(own, nullptr));
  std::size_t size = 0;
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer) != 1 ||
      EVP_PKEY_derive(context.get(), nullptr, &size) != 1) {
    return no_public_key();
  }
  Secret shared = Secret::of_size(size);
  if (EVP_PKEY_derive(context.get(),
                      reinterpret_cast<unsigned char*>(shared.mutable_bytes().data()),
                      &size) != 1) {
    return fail(openssl_error(ErrorKind::internal, "ECDH"));
  }
  const Secret extracted = as_secret(hmac_sha256(Secret::copy_of(kBoxMark), shared.reveal()));
  return as_secret(hmac_sha256(extracted, fmt::format("{}\x01", info)));
}

std::string info_of(std::string_view ephemeral, std::string_view recipient,
                    std::string_view context) {
  return std::string(ephemeral).append(recipient).append(context);
}

}  // namespace

Result<std::string> public_half(const KeyPair& key) {
  unsigned char* out = nullptr;
  const int size = i2d_PUBKEY(key.native(), &out);
  if (size <= 0) return fail(openssl_error(ErrorKind::internal, "write a public key"));
  std::string der(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
  OPENSSL_free(out);
  return der;
}

Result<std::string> close_box(std::string_view recipient, std::string_view context,
                              const Secret& text) {
  const Result<EvpKeyHandle> peer = parse_public_half(recipient);
  if (!peer) return fail(peer.error());
  const Result<KeyPair> own = KeyPair::generate({.algorithm = KeyAlgorithm::ecdsa, .bits = 256});
  if (!own) return fail(own.error());
  Result<std::string> ephemeral = public_half(*own);
  if (!ephemeral) return ephemeral;
  const Result<Secret> key =
      derive_key(own->native(), peer->get(), info_of(*ephemeral, recipient, context));
  if (!key) return fail(key.error());
  Result<std::string> encrypted = encrypt_gcm(*key, kZeroNonce, context, text);
  if (!encrypted) return encrypted;
  std::string box(kBoxMark);
  box += static_cast<char>(ephemeral->size());
  return box.append(*ephemeral).append(*encrypted);
}

Result<Secret> open_box(const KeyPair& recipient, std::string_view context, std::string_view box) {
  const Failure no_box = fail(ErrorKind::invalid, "it is no box, or cut short");
  if (!box.starts_with(kBoxMark) || box.size() == kBoxMark.size()) return no_box;
  box.remove_prefix(kBoxMark.size());
  const std::size_t size = static_cast<unsigned char>(box.front());
  box.remove_prefix(1);
  if (size > kLongestPublicHalf || box.size() < size) return no_box;
  const std::string_view ephemeral = box.substr(0, size);
  const Result<EvpKeyHandle> peer = parse_public_half(ephemeral);
  if (!peer) return fail(peer.error());
  const Result<std::string> own = public_half(recipient);
  if (!own) return fail(own.error());
  const Result<Secret> key =
      derive_key(recipient.native(), peer->get(), info_of(ephemeral, *own, context));
  if (!key) return fail(key.error());
  return decrypt_gcm(*key, kZeroNonce, context, box.substr(size));
}

}  // namespace ccm::crypto
