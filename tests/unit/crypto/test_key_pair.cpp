// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <openssl/pem.h>

#include "crypto/digest.h"
#include "crypto/key/key_pair.h"
#include "fixtures.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using test::make_test_key;
using test::with_line_ends;
using test::with_one_long_line;
using testing::HasSubstr;
using testing::StartsWith;

std::string pkcs8_pem(const KeyPair& key) {
  return std::string(key.to_pem().value().reveal());
}

// PKCS#1 or SEC 1, as `openssl rsa -traditional` and `openssl ec` write them.
std::string traditional_pem(const KeyPair& key, const EVP_CIPHER* cipher = nullptr) {
  const BioHandle buffer(BIO_new(BIO_s_mem()));
  char passphrase[] = "secret";
  EXPECT_EQ(PEM_write_bio_PrivateKey_traditional(buffer.get(), key.native(), cipher, nullptr, 0,
                                                 nullptr, cipher == nullptr ? nullptr : passphrase),
            1);
  return test::buffer_text(buffer.get());
}

std::string encrypted_with_secret(const KeyPair& key, bool is_der) {
  const BioHandle buffer(BIO_new(BIO_s_mem()));
  const auto write = is_der ? i2d_PKCS8PrivateKey_bio : PEM_write_bio_PKCS8PrivateKey;
  EXPECT_EQ(write(buffer.get(), key.native(), EVP_aes_256_cbc(), "secret", 6, nullptr, nullptr), 1);
  return test::buffer_text(buffer.get());
}

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

void expect_reads_as(const KeyPair& key, const std::string& pem) {
  const Result<KeyPair> parsed = KeyPair::parse_pem(pem);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_TRUE(parsed->has_same_public_key(key));
  EXPECT_TRUE(parsed->to_der().value().equals(key.to_der().value()));
}

std::string problem_of_pem(const std::string& pem) {
  const Result<KeyPair> key = KeyPair::parse_pem(pem);
  EXPECT_FALSE(key);
  if (key) return {};
  EXPECT_EQ(key.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(key.error().message(), StartsWith("private key: "));
  return key.error().message();
}

std::string problem_of_der(const std::string& der) {
  const Result<KeyPair> key = KeyPair::parse_der(bytes(der));
  EXPECT_FALSE(key);
  return key ? "" : key.error().message();
}

TEST(KeyPair, GeneratesWhatIsOffered) {
  for (const KeyType type : {KeyType{KeyAlgorithm::rsa, 2048}, KeyType{KeyAlgorithm::ecdsa, 256},
                             KeyType{KeyAlgorithm::ecdsa, 384}}) {
    const Result<KeyPair> first = KeyPair::generate(type);
    const Result<KeyPair> second = KeyPair::generate(type);
    ASSERT_TRUE(first && second) << to_string(type);
    EXPECT_EQ(first->type(), type);
    EXPECT_FALSE(first->has_same_public_key(*second));
  }
}

TEST(KeyPair, GeneratesNothingWeakOrUnknown) {
  for (const KeyType type :
       {KeyType{KeyAlgorithm::rsa, 1024}, KeyType{KeyAlgorithm::ecdsa, 521},
        KeyType{KeyAlgorithm::rsa, 1u << 20}, KeyType{KeyAlgorithm::other, 256}}) {
    const Result<KeyPair> key = KeyPair::generate(type);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().kind(), ErrorKind::invalid);
  }
}

TEST(KeyPair, ReadsEveryUnencryptedForm) {
  for (const std::string kind : {"RSA-2048", "P-256", "P-384", "P-521"}) {
    const KeyPair key = make_test_key(kind);
    EXPECT_THAT(pkcs8_pem(key), StartsWith("-----BEGIN PRIVATE KEY-----\n"));
    expect_reads_as(key, pkcs8_pem(key));
    expect_reads_as(key, traditional_pem(key));
    expect_reads_as(key, with_line_ends(pkcs8_pem(key), "\r\n"));
    expect_reads_as(key, with_line_ends(pkcs8_pem(key), ""));
    expect_reads_as(key, with_one_long_line(traditional_pem(key)));
  }
  EXPECT_THAT(traditional_pem(make_test_key("P-256")),
              StartsWith("-----BEGIN EC PRIVATE KEY-----"));
  EXPECT_THAT(traditional_pem(make_test_key("RSA-2048")),
              StartsWith("-----BEGIN RSA PRIVATE KEY-----"));
}

TEST(KeyPair, ReadsWithOtherBlocksAround) {
  const KeyPair key = make_test_key();
  const std::string parameters =
      "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  expect_reads_as(key, parameters + traditional_pem(key));
  expect_reads_as(key, std::string(test::kKnownCertificate) + "stray\n" + pkcs8_pem(key) +
                           std::string(test::kKnownCertificate));
}

TEST(KeyPair, RefusesEncryptedKeysInOneClearSentence) {
  const KeyPair key = make_test_key("RSA-2048");
  for (const std::string& pem :
       {encrypted_with_secret(key, false), traditional_pem(key, EVP_aes_128_cbc())}) {
    EXPECT_THAT(problem_of_pem(pem), HasSubstr("it is encrypted; give it without a passphrase"));
  }
  EXPECT_THAT(problem_of_der(encrypted_with_secret(key, true)), HasSubstr("it is encrypted"));
}

TEST(KeyPair, SaysWhatIsWrongWithThePem) {
  const std::string pem = pkcs8_pem(make_test_key());
  EXPECT_THAT(problem_of_pem(""), HasSubstr("no BEGIN PRIVATE KEY"));
  EXPECT_THAT(problem_of_pem(std::string(test::kKnownCertificate)),
              HasSubstr("no BEGIN PRIVATE KEY"));
  EXPECT_THAT(problem_of_pem(pem + pem), HasSubstr("more than one"));
  EXPECT_THAT(problem_of_pem(pem.substr(0, pem.size() - 10)), HasSubstr("no END PRIVATE KEY"));
  EXPECT_THAT(
      problem_of_pem("-----BEGIN PRIVATE KEY-----THIS IS NOT BASE 64!-----END PRIVATE KEY-----"),
      HasSubstr("does not belong"));
  EXPECT_THAT(problem_of_pem("-----BEGIN PRIVATE KEY-----\nZm9vYmFy\n-----END PRIVATE KEY-----"),
              StartsWith("private key: "));
  EXPECT_THAT(problem_of_pem(std::string((1 << 20) + 1, '-')), HasSubstr("make sense"));
  const std::string public_der("\x30\x59\x30\x13", 4);
  EXPECT_THAT(problem_of_der(public_der), StartsWith("private key: "));
}

TEST(KeyPair, ReadsDerInEveryFormAndNothingAfterIt) {
  for (const std::string kind : {"RSA-2048", "P-256"}) {
    const KeyPair key = make_test_key(kind);
    unsigned char* raw = nullptr;
    const int size = i2d_PrivateKey(key.native(), &raw);
    const std::string traditional(reinterpret_cast<char*>(raw), static_cast<std::size_t>(size));
    OPENSSL_free(raw);
    const std::string pkcs8(key.to_der().value().reveal());
    EXPECT_NE(traditional, pkcs8);
    for (const std::string& der : {traditional, pkcs8}) {
      const Result<KeyPair> parsed = KeyPair::parse_der(bytes(der));
      ASSERT_TRUE(parsed) << parsed.error().message();
      EXPECT_TRUE(parsed->has_same_public_key(key));
      EXPECT_THAT(problem_of_der(der + "x"), HasSubstr("bytes follow"));
      EXPECT_THAT(problem_of_der(der.substr(0, der.size() - 1)), StartsWith("private key: "));
    }
  }
  EXPECT_FALSE(KeyPair::parse_der({}).has_value());
}

TEST(KeyPair, APublicKeyIsNotAPrivateKey) {
  const KeyPair key = make_test_key();
  unsigned char* raw = nullptr;
  const int size = i2d_PUBKEY(key.native(), &raw);
  const std::string der(reinterpret_cast<char*>(raw), static_cast<std::size_t>(size));
  OPENSSL_free(raw);
  EXPECT_THAT(problem_of_der(der), StartsWith("private key: "));
}

TEST(KeyPair, KeysOfDifferentTypesAreNotTheSame) {
  EXPECT_FALSE(make_test_key("P-256").has_same_public_key(make_test_key("RSA-2048")));
  EXPECT_FALSE(make_test_key("P-256").has_same_public_key(make_test_key("P-384")));
}

// What the errors say must never be what the key says.
TEST(KeyPair, ErrorsDoNotQuoteTheKey) {
  std::string pem = pkcs8_pem(make_test_key());
  pem[60] = '!';
  EXPECT_THAT(problem_of_pem(pem), Not(HasSubstr(pem.substr(30, 12))));
}

}  // namespace
}  // namespace ccm::crypto
