// SPDX-License-Identifier: Apache-2.0
#include "crypto/key/encrypted_input.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "crypto/certificate/pem_block.h"
#include "crypto/openssl.h"
#include "crypto/openssl_handles.h"

namespace ccm::crypto {
namespace {

using LibraryHandle = Handle<OSSL_LIB_CTX, OSSL_LIB_CTX_free>;
using ProviderHandle = Handle<OSSL_PROVIDER, OSSL_PROVIDER_unload>;

constexpr std::string_view kWrongPassword =
    "it cannot be decrypted: the password is wrong, or the file is damaged";

int give_password(char* buffer, int size, int, void* from) noexcept {
  const std::string_view password = static_cast<const Secret*>(from)->reveal();
  if (password.size() > static_cast<std::size_t>(size)) return -1;
  std::copy(password.begin(), password.end(), buffer);
  return static_cast<int>(password.size());
}

// A copy that does not depend on the library that made the key, which may not live as long.
Result<KeyPair> detached(EVP_PKEY* key) {
  const BioHandle buffer(BIO_new(BIO_s_secmem()));
  if (buffer == nullptr ||
      i2d_PKCS8PrivateKey_bio(buffer.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return fail(openssl_error(ErrorKind::invalid, "private key"));
  }
  return KeyPair::parse_der(std::as_bytes(std::span(content_of(buffer.get()))));
}

Result<Certificate> detached(const X509* certificate) {
  unsigned char* data = nullptr;
  const int size = i2d_X509(certificate, &data);
  if (size <= 0) return fail(openssl_error(ErrorKind::invalid, "certificate"));
  auto parsed =
      Certificate::parse_der(std::as_bytes(std::span(data, static_cast<std::size_t>(size))));
  OPENSSL_free(data);
  return parsed;
}

// OpenSSL with its legacy algorithms, which are separate since 3.0 and may not be installed.
// Members are destroyed in reverse order.
struct Library {
  LibraryHandle context{OSSL_LIB_CTX_new()};
  ProviderHandle standard{OSSL_PROVIDER_load(context.get(), "default")};
  ProviderHandle legacy{OSSL_PROVIDER_load(context.get(), "legacy")};
};

Result<Pkcs12Handle> read_structure(std::span<const std::byte> der, OSSL_LIB_CTX* context) {
  if (Result<void> size = check_input_size(der.size()); !size) return pass(std::move(size));
  PKCS12* made = PKCS12_init_ex(NID_pkcs7_data, context, nullptr);
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  Pkcs12Handle store(d2i_PKCS12(&made, &at, static_cast<long>(der.size())));
  drain_openssl_errors();
  if (store == nullptr) return fail(ErrorKind::invalid, "it is no PKCS #12 file");
  return store;
}

Result<KeyWithCertificates> take(EVP_PKEY* key, X509* leaf, STACK_OF(X509) * others) {
  if (key == nullptr) return fail(ErrorKind::invalid, "it holds no private key");
  Result<KeyPair> pair = detached(key);
  if (!pair) return pass(std::move(pair));
  KeyWithCertificates content{*std::move(pair), {}};
  const int count = others == nullptr ? 0 : sk_X509_num(others);
  for (int i = leaf == nullptr ? 0 : -1; i < count; ++i) {
    Result<Certificate> certificate = detached(i < 0 ? leaf : sk_X509_value(others, i));
    if (!certificate) return pass(std::move(certificate));
    content.certificates.push_back(*std::move(certificate));
  }
  if (content.certificates.empty()) return fail(ErrorKind::invalid, "it holds no certificate");
  return content;
}

Result<KeyWithCertificates> unlock(PKCS12& store, const Secret& password) {
  std::string text(password.reveal());
  EVP_PKEY* key = nullptr;
  X509* leaf = nullptr;
  STACK_OF(X509)* others = nullptr;
  const bool is_open = PKCS12_parse(&store, text.c_str(), &key, &leaf, &others) == 1;
  wipe(text);
  const unsigned long reason = ERR_peek_last_error();
  drain_openssl_errors();
  const EvpKeyHandle key_handle(key);
  const X509Handle leaf_handle(leaf);
  const OwningListHandle others_handle(others);
  if (is_open) return take(key, leaf, others);
  const bool is_password = ERR_GET_LIB(reason) == ERR_LIB_PKCS12 &&
                           ERR_GET_REASON(reason) == PKCS12_R_MAC_VERIFY_FAILURE;
  if (is_password) return fail(ErrorKind::unauthorized, std::string(kWrongPassword));
  return fail(ErrorKind::invalid,
              "it is damaged, or encrypted with an algorithm that is not known here");
}

}  // namespace

bool has_encrypted_key(std::string_view pem) {
  while (const auto block = next_pem_block(pem)) {
    if (block->label.ends_with("PRIVATE KEY") && is_encrypted(*block)) return true;
  }
  return false;
}

Result<KeyPair> decrypt_key_pem(std::string_view pem, const Secret& password) {
  if (Result<void> size = check_input_size(pem.size()); !size) {
    return fail_with(std::move(size), "private key");
  }
  const BioHandle text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // The callback's last argument is not const, but is only read.
  auto* from = const_cast<Secret*>(&password);
  const EvpKeyHandle key(PEM_read_bio_PrivateKey(text.get(), nullptr, give_password, from));
  drain_openssl_errors();
  if (key == nullptr) {
    return fail(ErrorKind::unauthorized, fmt::format("private key: {}", kWrongPassword));
  }
  return detached(key.get());
}

Result<KeyWithCertificates> parse_pkcs12(std::span<const std::byte> der, const Secret& password) {
  const Library library;
  const Result<Pkcs12Handle> store = read_structure(der, library.context.get());
  Result<KeyWithCertificates> content = store ? unlock(**store, password) : fail(store.error());
  drain_openssl_errors();
  if (!content) return fail_with(std::move(content), "PKCS #12");
  return content;
}

}  // namespace ccm::crypto
