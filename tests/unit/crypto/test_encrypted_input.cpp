// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include <string>

#include "crypto/key/encrypted_input.h"
#include "crypto/key/keystore.h"
#include "crypto/openssl.h"
#include "fixtures.h"
#include "support/test_bundle.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using testing::HasSubstr;

using WritePem = decltype(&PEM_write_bio_PKCS8PrivateKey);

std::string encrypted(const KeyPair& key, WritePem write) {
  const BioHandle buffer(BIO_new(BIO_s_mem()));
  char secret[] = "changeit";
  EXPECT_EQ(write(buffer.get(), key.native(), EVP_aes_256_cbc(), secret, 8, nullptr, nullptr), 1);
  return test::buffer_text(buffer.get());
}

std::string encrypted_pkcs8(const KeyPair& key) {
  return encrypted(key, PEM_write_bio_PKCS8PrivateKey);
}

std::string encrypted_traditional(const KeyPair& key) {
  return encrypted(key, [](BIO* out, const EVP_PKEY* from, const EVP_CIPHER* cipher,
                           const char* secret, int size, pem_password_cb*, void*) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(secret);
    return PEM_write_bio_PrivateKey_traditional(out, from, cipher, bytes, size, nullptr, nullptr);
  });
}

TEST(EncryptedInput, TellsAnEncryptedKeyFromAPlainOne) {
  const KeyPair key = test::make_test_key("RSA-2048");
  EXPECT_TRUE(has_encrypted_key(encrypted_pkcs8(key)));
  EXPECT_TRUE(has_encrypted_key("some text\n" + encrypted_traditional(key)));
  EXPECT_FALSE(has_encrypted_key(key.to_pem().value().reveal()));
  EXPECT_FALSE(has_encrypted_key(""));
}

TEST(EncryptedInput, DecryptsEveryFormOfPem) {
  for (const char* kind : {"RSA-2048", "P-256"}) {
    const KeyPair key = test::make_test_key(kind);
    for (const std::string& pem : {encrypted_pkcs8(key), encrypted_traditional(key)}) {
      const auto read = decrypt_key_pem(pem, test::password());
      ASSERT_TRUE(read) << read.error().message();
      EXPECT_TRUE(read->has_same_public_key(key));
      for (const char* wrong : {"wrong", ""}) {
        const auto refused = decrypt_key_pem(pem, test::password(wrong));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind(), ErrorKind::unauthorized);
        EXPECT_THAT(refused.error().message(), HasSubstr("the password is wrong"));
      }
    }
  }
}

TEST(EncryptedInput, ReadsWhatPkcs12Holds) {
  const Bundle bundle = test::make_test_bundle();
  const Secret file = to_pkcs12(bundle, "www", test::password()).value();
  const auto read = parse_pkcs12(file.bytes(), test::password());
  ASSERT_TRUE(read) << read.error().message();
  const auto again = Bundle::make(read->certificates, read->key);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->leaf().fingerprint(), bundle.leaf().fingerprint());
  EXPECT_EQ(again->chain().size(), bundle.chain().size());
  const auto wrong = parse_pkcs12(file.bytes(), test::password("wrong"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind(), ErrorKind::unauthorized);
  const auto cut = parse_pkcs12(file.bytes().first(100), test::password());
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(cut.error().message(), HasSubstr("no PKCS #12 file"));
}

std::string written(PKCS12* made) {
  const Handle<PKCS12, PKCS12_free> store(made);
  const BioHandle buffer(BIO_new(BIO_s_mem()));
  EXPECT_EQ(i2d_PKCS12_bio(buffer.get(), store.get()), 1);
  return test::buffer_text(buffer.get());
}

Result<KeyWithCertificates> parse_file(const std::string& file) {
  return parse_pkcs12(std::as_bytes(std::span(file)), test::password());
}

TEST(EncryptedInput, ReadsTheAlgorithmsOfOlderPrograms) {
  const Bundle bundle = test::make_test_bundle();
  const Handle<OSSL_PROVIDER, OSSL_PROVIDER_unload> legacy(OSSL_PROVIDER_load(nullptr, "legacy"));
  const Handle<OSSL_PROVIDER, OSSL_PROVIDER_unload> standard(
      OSSL_PROVIDER_load(nullptr, "default"));
  ASSERT_NE(legacy, nullptr);
  const std::string file = written(PKCS12_create(
      "changeit", "www", bundle.key().native(), bundle.leaf().native(), nullptr,
      NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_pbe_WithSHA1And40BitRC2_CBC, 2048, 1, 0));
  const auto read = parse_file(file);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_TRUE(read->key.has_same_public_key(bundle.key()));
  EXPECT_EQ(read->certificates.size(), 1U);
}

TEST(EncryptedInput, SaysWhatAPkcs12FileLacks) {
  const Bundle bundle = test::make_test_bundle();
  const auto make = [&](EVP_PKEY* key, X509* leaf) {
    return written(PKCS12_create("changeit", "www", key, leaf, nullptr, NID_aes_256_cbc,
                                 NID_aes_256_cbc, 2048, 2048, 0));
  };
  const auto no_key = parse_file(make(nullptr, bundle.leaf().native()));
  ASSERT_FALSE(no_key);
  EXPECT_THAT(no_key.error().message(), HasSubstr("it holds no private key"));
  const auto no_certificate = parse_file(make(bundle.key().native(), nullptr));
  ASSERT_FALSE(no_certificate);
  EXPECT_THAT(no_certificate.error().message(), HasSubstr("it holds no certificate"));
}

}  // namespace
}  // namespace ccm::crypto
