// SPDX-License-Identifier: Apache-2.0
#include "crypto/key/keystore.h"

#include <openssl/evp.h>
#include <openssl/pkcs12.h>

#include <array>
#include <cstring>
#include <vector>

#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"
#include "crypto/openssl_handles.h"

namespace ccm::crypto {
namespace {

using DigestHandle = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

constexpr int kIterations = 100'000;
constexpr std::size_t kShortestJksPassword = 6;
constexpr std::size_t kSha1 = 20;

using Sha1 = std::array<std::byte, kSha1>;

Result<Sha1> sha1(std::initializer_list<std::span<const std::byte>> parts) {
  const DigestHandle context(EVP_MD_CTX_new());
  bool is_good = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha1(), nullptr) == 1;
  for (const auto part : parts) {
    is_good = is_good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  Sha1 digest{};
  auto* out = reinterpret_cast<unsigned char*>(digest.data());
  if (!is_good || EVP_DigestFinal_ex(context.get(), out, nullptr) != 1) {
    return fail(openssl_error(ErrorKind::internal, "SHA-1"));
  }
  return digest;
}

// Grows without leaving copies of a key behind, because it reserves its memory once.
class Writer {
 public:
  explicit Writer(std::size_t room) : bytes_(Secret::of_size(room)) {}

  void raw(std::span<const std::byte> bytes) {
    std::memcpy(bytes_.mutable_bytes().data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  // Big-endian, as java.io.DataOutputStream writes.
  void number(std::uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;) {
      const auto byte = static_cast<std::byte>(value >> (8U * i));
      raw({&byte, 1});
    }
  }
  void text(std::string_view text) {
    number(text.size(), 2);
    raw(std::as_bytes(std::span(text)));
  }
  std::span<const std::byte> written() const { return bytes_.bytes().first(size_); }

 private:
  Secret bytes_;
  std::size_t size_ = 0;
};

// A Java string: two bytes per character. Passwords beyond ASCII would depend on the reader's
// character set.
Result<Secret> java_characters(const Secret& password) {
  Secret out = Secret::of_size(2 * password.size());
  for (std::size_t i = 0; i < password.size(); ++i) {
    const std::byte byte = password.bytes()[i];
    if (byte >= std::byte{0x7f} || byte < std::byte{0x20}) {
      return fail(ErrorKind::invalid, "a JKS password must be printable ASCII");
    }
    out.mutable_bytes()[2 * i + 1] = byte;
  }
  return out;
}

// sun.security.provider.KeyProtector: salt, key xor key stream, SHA-1 of password and key.
Result<Secret> protect(const Secret& key, const Secret& characters) {
  auto salt = random_bytes(kSha1);
  if (!salt) return salt;
  Secret out = Secret::of_size(kSha1 + key.size() + kSha1);
  const auto bytes = out.mutable_bytes();
  std::memcpy(bytes.data(), salt->bytes().data(), kSha1);
  Sha1 stream{};
  std::memcpy(stream.data(), salt->bytes().data(), kSha1);
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (i % kSha1 == 0) {
      auto next = sha1({characters.bytes(), stream});
      if (!next) return pass(std::move(next));
      stream = *next;
    }
    bytes[kSha1 + i] = key.bytes()[i] ^ stream[i % kSha1];
  }
  wipe(stream);
  auto check = sha1({characters.bytes(), key.bytes()});
  if (!check) return pass(std::move(check));
  std::memcpy(bytes.data() + kSha1 + key.size(), check->data(), kSha1);
  return out;
}

void der_length(std::vector<std::byte>& out, std::size_t length) {
  if (length < 0x80) {
    out.push_back(static_cast<std::byte>(length));
  } else if (length < 0x100) {
    out.insert(out.end(), {std::byte{0x81}, static_cast<std::byte>(length)});
  } else {
    out.insert(out.end(), {std::byte{0x82}, static_cast<std::byte>(length >> 8U),
                           static_cast<std::byte>(length)});
  }
}

// EncryptedPrivateKeyInfo (RFC 5958) with Sun's algorithm and NULL parameters.
Result<std::vector<std::byte>> encrypted_key_info(const Secret& data) {
  constexpr std::array<unsigned char, 16> kAlgorithm = {0x30, 0x0e, 0x06, 0x0a, 0x2b, 0x06,
                                                        0x01, 0x04, 0x01, 0x2a, 0x02, 0x11,
                                                        0x01, 0x01, 0x05, 0x00};
  constexpr std::size_t kLargest = 0xff00;
  if (data.size() > kLargest) return fail(ErrorKind::invalid, "the key is too large for JKS");
  std::vector<std::byte> inner;
  for (const unsigned char byte : kAlgorithm) inner.push_back(std::byte{byte});
  inner.push_back(std::byte{0x04});
  der_length(inner, data.size());
  inner.insert(inner.end(), data.bytes().begin(), data.bytes().end());
  std::vector<std::byte> out{std::byte{0x30}};
  der_length(out, inner.size());
  out.insert(out.end(), inner.begin(), inner.end());
  return out;
}

Result<Secret> seal(Writer& writer, const Secret& characters) {
  constexpr std::string_view kWhitener = "Mighty Aphrodite";
  auto check = sha1({characters.bytes(), std::as_bytes(std::span(kWhitener)), writer.written()});
  if (!check) return pass(std::move(check));
  writer.raw(*check);
  return Secret::copy_of(writer.written());
}

}  // namespace

Result<Secret> to_pkcs12(const Bundle& bundle, const std::string& alias, const Secret& password) {
  if (password.empty()) return fail(ErrorKind::invalid, "PKCS #12: the password is empty");
  const ListHandle others(sk_X509_new_null());
  for (std::size_t i = 1; i < bundle.chain().size(); ++i) {
    if (sk_X509_push(others.get(), bundle.chain()[i].native()) == 0) {
      return fail(openssl_error(ErrorKind::internal, "PKCS #12"));
    }
  }
  std::string text(password.reveal());
  const Pkcs12Handle made(PKCS12_create(text.c_str(), alias.c_str(), bundle.key().native(),
                                        bundle.leaf().native(), others.get(), NID_aes_256_cbc,
                                        NID_aes_256_cbc, kIterations, -1, 0));
  const bool is_sealed = made != nullptr && PKCS12_set_mac(made.get(), text.c_str(), -1, nullptr, 0,
                                                           kIterations, EVP_sha256()) == 1;
  wipe(text);
  if (!is_sealed) return fail(openssl_error(ErrorKind::internal, "PKCS #12"));
  const int size = i2d_PKCS12(made.get(), nullptr);
  if (size <= 0) return fail(openssl_error(ErrorKind::internal, "PKCS #12"));
  Secret out = Secret::of_size(static_cast<std::size_t>(size));
  auto* at = reinterpret_cast<unsigned char*>(out.mutable_bytes().data());
  i2d_PKCS12(made.get(), &at);
  return out;
}

Result<Secret> to_jks(const Bundle& bundle, const std::string& alias, const Secret& password,
                      Time now) {
  if (password.size() < kShortestJksPassword) {
    return fail(ErrorKind::invalid, "JKS: the password must have at least 6 characters");
  }
  auto characters = java_characters(password);
  if (!characters) return characters;
  auto key = bundle.key().to_der();
  if (!key) return key;
  const auto hidden = protect(*key, *characters);
  if (!hidden) return fail(hidden.error());
  const auto info = encrypted_key_info(*hidden);
  if (!info) return fail(info.error());
  std::vector<std::vector<std::byte>> chain;
  std::size_t room = info->size() + alias.size() + 256;
  for (const Certificate& certificate : bundle.chain()) {
    chain.push_back(certificate.to_der());
    room += chain.back().size() + 64;
  }
  constexpr std::uint64_t kMagic = 0xFEEDFEED;
  constexpr std::uint64_t kVersion = 2;
  constexpr std::uint64_t kPrivateKeyEntry = 1;
  Writer writer(room);
  writer.number(kMagic, 4);
  writer.number(kVersion, 4);
  writer.number(1, 4);  // entries
  writer.number(kPrivateKeyEntry, 4);
  writer.text(to_lower(alias));
  writer.number(static_cast<std::uint64_t>(now.time_since_epoch().count()) * 1000, 8);
  writer.number(info->size(), 4);
  writer.raw(*info);
  writer.number(chain.size(), 4);
  for (const auto& der : chain) {
    writer.text("X.509");
    writer.number(der.size(), 4);
    writer.raw(der);
  }
  return seal(writer, *characters);
}

}  // namespace ccm::crypto
