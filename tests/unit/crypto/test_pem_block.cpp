// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "crypto/certificate/pem_block.h"

namespace ccm::crypto {
namespace {

using testing::HasSubstr;

std::vector<PemBlock> blocks_of(std::string_view text) {
  std::vector<PemBlock> blocks;
  while (const std::optional<PemBlock> block = next_pem_block(text)) blocks.push_back(*block);
  return blocks;
}

TEST(PemBlock, FindsBlocksByTheirMarkersAlone) {
  const auto blocks = blocks_of(
      "Bag Attributes\n-----BEGIN A-----\nAAAA\n-----END A----------BEGIN B C-----BBBB-----END B "
      "C-----x");
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].label, "A");
  EXPECT_EQ(blocks[0].body, "\nAAAA\n");
  EXPECT_EQ(blocks[1].label, "B C");
  EXPECT_EQ(blocks[1].body, "BBBB");
  EXPECT_TRUE(blocks[0].ended && blocks[1].ended);
}

TEST(PemBlock, ATruncatedBlockDoesNotSwallowTheNext) {
  const auto blocks =
      blocks_of("-----BEGIN A-----\nAAAA\n-----BEGIN A-----\nBBBB\n-----END A-----\n");
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_FALSE(blocks[0].ended);
  EXPECT_TRUE(blocks[1].ended);
  EXPECT_EQ(blocks[1].body, "\nBBBB\n");
}

TEST(PemBlock, AnotherLabelsEndIsNoEnd) {
  const auto blocks = blocks_of("-----BEGIN A-----\nAAAA\n-----END B-----\n");
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_FALSE(blocks[0].ended);
}

// A mebibyte that took minutes when each of them was looked for again from the start.
TEST(PemBlock, BlocksWithoutEndCostOneScan) {
  for (const std::string_view piece :
       {"-----BEGIN CERTIFICATE-----\n", "-----BEGIN A-----\n-----END B-----\n", "-----END A-----",
        "-----BEGIN ", "------------------------------"}) {
    std::string text = "-----BEGIN A-----\n";
    while (text.size() < kMaxInputSize) text += piece;
    std::string_view rest = text;
    std::size_t ended = 0;
    while (const auto block = next_pem_block(rest)) ended += block->ended ? 1 : 0;
    EXPECT_LE(ended, 1u) << piece;
    EXPECT_TRUE(rest.find("-----BEGIN A-----") == std::string_view::npos || rest.empty());
  }
}

TEST(PemBlock, IgnoresWhatOnlyLooksLikeAMarker) {
  EXPECT_TRUE(blocks_of("").empty());
  EXPECT_TRUE(blocks_of("-----BEGIN ").empty());
  EXPECT_TRUE(blocks_of("-----BEGIN A\nB-----").empty());
  EXPECT_TRUE(blocks_of("-----BEGIN " + std::string(65, 'A') + "-----").empty());
  EXPECT_TRUE(blocks_of("-----END A-----").empty());
}

std::string decoded(std::string_view text) {
  return std::string(decode_base64(text).value().reveal());
}

TEST(Base64, DecodesWhateverTheLines) {
  EXPECT_EQ(decoded("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decoded("Zm9vYmE="), "fooba");
  EXPECT_EQ(decoded("Zm9vYg=="), "foob");
  EXPECT_EQ(decoded("\r\n Z m9v\r\n\tYmFy\r\n"), "foobar");
  EXPECT_EQ(decoded("//+A"), "\xff\xff\x80");
}

std::string problem_of_base64(std::string_view text) {
  const Result<Secret> bytes = decode_base64(text);
  EXPECT_FALSE(bytes) << text;
  return bytes ? "" : bytes.error().message();
}

TEST(Base64, RefusesEverythingElse) {
  EXPECT_THAT(problem_of_base64(""), HasSubstr("nothing"));
  EXPECT_THAT(problem_of_base64(" \n"), HasSubstr("nothing"));
  EXPECT_THAT(problem_of_base64("Zm9"), HasSubstr("cut short"));
  EXPECT_THAT(problem_of_base64("Zm9vY"), HasSubstr("cut short"));
  EXPECT_THAT(problem_of_base64("Zm9v-m9v"), HasSubstr("offset 4"));
  EXPECT_THAT(problem_of_base64("Zm9v\\nZm"), HasSubstr("offset 4"));
  EXPECT_THAT(problem_of_base64(std::string_view("Zm9\0", 4)), HasSubstr("offset 3"));
  EXPECT_THAT(problem_of_base64("Zm9\xff"), HasSubstr("offset 3"));
  EXPECT_THAT(problem_of_base64("Zg==Zm9v"), HasSubstr("after its end"));
  EXPECT_THAT(problem_of_base64("Z==="), HasSubstr("after its end"));
  EXPECT_THAT(problem_of_base64("===="), HasSubstr("after its end"));
}

TEST(InputSize, OneMebibyteIsTheLimit) {
  EXPECT_TRUE(check_input_size(kMaxInputSize).has_value());
  EXPECT_FALSE(check_input_size(kMaxInputSize + 1).has_value());
}

}  // namespace
}  // namespace ccm::crypto
