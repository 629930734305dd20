// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/key/key_type_of.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

TEST(KeyTypeOf, KnowsWhatServersUse) {
  EXPECT_EQ(test::make_test_key("RSA-2048").type(), (KeyType{KeyAlgorithm::rsa, 2048}));
  EXPECT_EQ(test::make_test_key("RSA-1024").type(), (KeyType{KeyAlgorithm::rsa, 1024}));
  EXPECT_EQ(test::make_test_key("P-256").type(), (KeyType{KeyAlgorithm::ecdsa, 256}));
  EXPECT_EQ(test::make_test_key("P-384").type(), (KeyType{KeyAlgorithm::ecdsa, 384}));
  EXPECT_EQ(test::make_test_key("P-521").type(), (KeyType{KeyAlgorithm::ecdsa, 521}));
}

TEST(KeyTypeOf, EverythingElseIsOther) {
  for (const std::string kind : {"secp256k1", "ED25519", "SM2"}) {
    EXPECT_EQ(test::make_test_key(kind).type(), (KeyType{KeyAlgorithm::other, 256})) << kind;
  }
  EXPECT_EQ(key_type_of(nullptr), (KeyType{KeyAlgorithm::other, 0}));
}

TEST(SignatureDigest, FollowsTheStrengthOfTheKey) {
  const auto digest = [](KeyAlgorithm algorithm, unsigned bits) {
    return signature_digest(KeyType{algorithm, bits});
  };
  EXPECT_EQ(digest(KeyAlgorithm::rsa, 4096), EVP_sha256());
  EXPECT_EQ(digest(KeyAlgorithm::ecdsa, 256), EVP_sha256());
  EXPECT_EQ(digest(KeyAlgorithm::ecdsa, 384), EVP_sha384());
  EXPECT_EQ(digest(KeyAlgorithm::ecdsa, 521), EVP_sha512());
  EXPECT_EQ(digest(KeyAlgorithm::other, 256), nullptr);
}

}  // namespace
}  // namespace ccm::crypto
