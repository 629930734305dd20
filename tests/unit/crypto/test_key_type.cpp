// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "crypto/key/key_type.h"

namespace ccm::crypto {
namespace {

using testing::HasSubstr;

TEST(KeyType, ReadsWhatItWrites) {
  for (const std::string text : {"rsa:2048", "rsa:3072", "rsa:4096", "ecdsa:256", "ecdsa:384"}) {
    const Result<KeyType> type = parse_key_type(text);
    ASSERT_TRUE(type) << text;
    EXPECT_EQ(to_string(*type), text);
  }
}

TEST(KeyType, ABareAlgorithmIsItsSmallestKey) {
  EXPECT_EQ(parse_key_type("rsa").value(), (KeyType{KeyAlgorithm::rsa, 2048}));
  EXPECT_EQ(parse_key_type("ecdsa").value(), (KeyType{KeyAlgorithm::ecdsa, 256}));
}

TEST(KeyType, RefusesEverythingElseAndSaysWhatIsRight) {
  for (const std::string text : {"", "rsa:1024", "rsa:", "RSA:2048", "ecdsa:521", "ec:256",
                                 "rsa:2048 ", "other", "ed25519"}) {
    const Result<KeyType> type = parse_key_type(text);
    ASSERT_FALSE(type) << text;
    EXPECT_EQ(type.error().kind(), ErrorKind::invalid);
    EXPECT_THAT(type.error().message(), HasSubstr("use rsa:2048"));
  }
}

TEST(KeyType, OtherHasNoSize) {
  EXPECT_EQ(to_string(KeyType{KeyAlgorithm::other, 256}), "other");
}

}  // namespace
}  // namespace ccm::crypto
