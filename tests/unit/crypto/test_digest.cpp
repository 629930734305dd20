// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/digest.h"

namespace ccm::crypto {
namespace {

TEST(Digest, Sha256OfTheStandardsExamples) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const std::string bytes("a\0b", 3);
  EXPECT_EQ(to_hex(sha256(std::as_bytes(std::span(bytes)))), sha256_hex(bytes));
  EXPECT_NE(sha256_hex(bytes), sha256_hex("a"));
}

// RFC 4231 sections 4.2, 4.3 and 4.7.
TEST(Digest, HmacSha256OfTheStandardsExamples) {
  EXPECT_EQ(to_hex(hmac_sha256(Secret::copy_of(std::string(20, '\x0b')), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256(Secret::copy_of("Jefe"), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(Secret::copy_of(std::string(131, '\xaa')),
                               "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, HmacSha256WithNothing) {
  EXPECT_EQ(to_hex(hmac_sha256(Secret(), "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Digest, HexIsLowerCaseAndKeepsLeadingZeros) {
  EXPECT_EQ(to_hex(std::vector{std::byte{0x00}, std::byte{0x0f}, std::byte{0xAB}}), "000fab");
  EXPECT_EQ(to_hex({}), "");
}

TEST(Digest, RandomBytesAreAsManyAsAskedAndNeverTheSame) {
  const Result<Secret> first = random_bytes(32);
  const Result<Secret> second = random_bytes(32);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->size(), 32u);
  EXPECT_FALSE(first->equals(*second));
  EXPECT_TRUE(random_bytes(0).value().empty());
  EXPECT_FALSE(random_bytes(std::size_t{1} << 31).has_value());
}

}  // namespace
}  // namespace ccm::crypto
