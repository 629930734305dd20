// SPDX-License-Identifier: Apache-2.0
#include "pki/keys.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "pki/pem.h"
#include "text.h"

namespace emulator {
namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(length)};
}

int refuse_password(char*, int, int, void*) {
  return -1;
}

}  // namespace

std::string key_kind(std::string_view text) {
  std::string plain;
  for (const char character : upper(text)) {
    if (std::isalnum(static_cast<unsigned char>(character)) != 0) plain += character;
  }
  if (plain == "RSA") return "RSA2048";
  for (const char* kind : {"RSA1024", "RSA2048", "RSA3072", "RSA4096"}) {
    if (plain == kind) return kind;
  }
  for (const char* size : {"256", "384"}) {
    const std::string end = size;
    for (const char* family : {"EC", "ECP", "P", "ECDSA", "ECDSAP", "ECC"}) {
      if (plain == family + end) return "EC" + end;
    }
  }
  return "";
}

KeyHandle generate_key(std::string_view kind) {
  EVP_PKEY* key = nullptr;
  if (kind == "SM2") {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "SM2");
  } else if (kind.starts_with("RSA")) {
    key = EVP_RSA_gen(static_cast<unsigned>(std::stoul(std::string(kind.substr(3)))));
  } else {
    key = EVP_EC_gen(kind == "EC384" ? "P-384" : "P-256");
  }
  if (key == nullptr) throw std::runtime_error("generating a key failed");
  return KeyHandle(key);
}

std::string algorithm_of(const EVP_PKEY* key) {
  return EVP_PKEY_is_a(key, "RSA") == 1 ? "RSA" : EVP_PKEY_is_a(key, "EC") == 1 ? "EC" : "OTHER";
}

std::string kind_of(const EVP_PKEY* key) {
  const std::string kind = key_kind(algorithm_of(key) + std::to_string(EVP_PKEY_get_bits(key)));
  return kind.empty() ? "OTHER" : kind;
}

std::string private_key_pem(EVP_PKEY* key, const std::string& password) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (password.empty()) {
    PEM_write_bio_PrivateKey_traditional(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  } else {
    PEM_write_bio_PKCS8PrivateKey(bio.get(), key, EVP_aes_256_cbc(), password.data(),
                                  static_cast<int>(password.size()), nullptr, nullptr);
  }
  return text_of(bio.get());
}

std::string public_key_pem(EVP_PKEY* key) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), key);
  return text_of(bio.get());
}

KeyHandle parse_private_key(const std::string& pem) {
  for (const PemBlock& block : find_pem_blocks(pem)) {
    if (!block.label.ends_with("PRIVATE KEY")) continue;
    const std::string clean = write_pem_block(block.label, block.bytes);
    const BioHandle bio(BIO_new_mem_buf(clean.data(), static_cast<int>(clean.size())));
    return KeyHandle(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr));
  }
  return nullptr;
}

}  // namespace emulator
