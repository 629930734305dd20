// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <limits>
#include <new>

#include "crypto/openssl.h"

namespace ccm::crypto {
namespace {

unsigned char* out_of(Sha256& digest) {
  return reinterpret_cast<unsigned char*>(digest.data());
}

// Fetched once: with EVP_sha256(), OpenSSL 3 searches its providers at every use, which takes as
// long as the digest of a short text. It is never freed, because no static has a destructor here,
// and OpenSSL's own cache holds it anyway.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const kFetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return kFetched != nullptr ? kFetched : EVP_sha256();
}

}  // namespace

Sha256 sha256(std::span<const std::byte> data) {
  Sha256 digest;
  unsigned length = 0;
  // SHA-256 over memory can only fail for want of memory, and is reported like it.
  if (EVP_Digest(data.data(), data.size(), out_of(digest), &length, sha256_algorithm(), nullptr) !=
      1) {
    drain_openssl_errors();
    throw std::bad_alloc();
  }
  return digest;
}

Sha256 sha256(std::string_view text) {
  return sha256(std::as_bytes(std::span(text)));
}

Sha256 hmac_sha256(const Secret& key, std::string_view data) {
  // OpenSSL takes a null key for "no key yet", not for the empty key.
  const void* key_bytes = key.empty() ? "" : static_cast<const void*>(key.bytes().data());
  Sha256 digest;
  unsigned length = 0;
  if (HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(data.data()), data.size(), out_of(digest),
           &length) == nullptr) {
    drain_openssl_errors();
    throw std::bad_alloc();
  }
  return digest;
}

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    out += kDigits[std::to_integer<unsigned>(byte) >> 4];
    out += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return out;
}

std::string sha256_hex(std::string_view text) {
  return to_hex(sha256(text));
}

Result<Secret> random_bytes(std::size_t count) {
  if (count > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return fail(ErrorKind::internal, "random bytes: more were asked for than OpenSSL can give");
  }
  Secret bytes = Secret::of_size(count);
  auto* out = reinterpret_cast<unsigned char*>(bytes.mutable_bytes().data());
  if (RAND_priv_bytes(out, static_cast<int>(count)) != 1) {
    return fail(openssl_error(ErrorKind::internal, "random bytes"));
  }
  return bytes;
}

}  // namespace ccm::crypto
