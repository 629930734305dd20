// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "crypto/openssl.h"
#include "crypto/verification/strict_encoding.h"

namespace ccm::crypto {
namespace {

bool is_der(std::string_view bytes) {
  return is_strict_der(std::as_bytes(std::span(bytes)));
}

TEST(StrictDer, TakesOnlyTheShortestForm) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(is_der("\x30\x06\x02\x01\x00\x01\x01\xff"sv));
  EXPECT_TRUE(is_der("\x02\x02\x00\x80"sv));
  EXPECT_TRUE(is_der(std::string("\x04\x81\x80") + std::string(128, 'x')));
  for (const std::string_view bad :
       {"\x30\x80\x02\x01\x00\x00\x00"sv, "\x02\x81\x01\x05"sv, "\x04\x82\x00\x01x"sv,
        "\x02\x02\x00\x05"sv, "\x02\x02\xff\x85"sv, "\x02\x00"sv, "\x01\x01\x01"sv, "\x01\x00"sv,
        "\x30\x03\x02\x02\x05"sv, "\x30"sv, "\x1f\x01\x00"sv, "\x04\x85\x01\x00\x00\x00\x00"sv}) {
    EXPECT_FALSE(is_der(bad)) << bad;
  }
}

TEST(StrictDer, KnowsPositiveNumbers) {
  using namespace std::string_view_literals;
  const auto are_positive = [](std::string_view bytes) {
    return are_positive_numbers(std::as_bytes(std::span(bytes)));
  };
  EXPECT_TRUE(are_positive("\x30\x07\x02\x02\x00\x80\x02\x01\x03"sv));
  for (const std::string_view bad :
       {"\x30\x06\x02\x01\x80\x02\x01\x03"sv, "\x30\x06\x02\x01\x05\x02\x01\x00"sv,
        "\x30\x05\x02\x00\x02\x01\x03"sv, "\x30\x03\x04\x01\x05"sv, "\x02\x01\x05"sv,
        "\x30\x03\x02\x02\x05"sv, ""sv}) {
    EXPECT_FALSE(are_positive(bad)) << bad;
  }
}

TEST(StrictDer, DepthIsBounded) {
  std::string nested;
  for (int i = 0; i < 40; ++i)
    nested = std::string("\x30") + static_cast<char>(nested.size()) + nested;
  EXPECT_FALSE(is_der(nested));
}

bool is_readable(int type, std::string_view bytes) {
  const Handle<ASN1_STRING, ASN1_STRING_free> text(ASN1_STRING_type_new(type));
  return ASN1_STRING_set(text.get(), bytes.data(), static_cast<int>(bytes.size())) == 1 &&
         is_readable_text(text.get());
}

TEST(ReadableText, IsOfAUsualTypeAndItsCharacters) {
  EXPECT_TRUE(is_readable(V_ASN1_PRINTABLESTRING, "Example (CA) *'+,-./:=?"));
  EXPECT_FALSE(is_readable(V_ASN1_PRINTABLESTRING, "a & b"));
  EXPECT_FALSE(is_readable(V_ASN1_PRINTABLESTRING, "a@b"));
  EXPECT_FALSE(is_readable(V_ASN1_PRINTABLESTRING, "a_b"));
  EXPECT_TRUE(is_readable(V_ASN1_UTF8STRING, "b\xc3\xbc"));
  EXPECT_FALSE(is_readable(V_ASN1_UTF8STRING, "\xff\xfe"));
  EXPECT_TRUE(is_readable(V_ASN1_IA5STRING, "a@b"));
  EXPECT_FALSE(is_readable(V_ASN1_IA5STRING, "b\xc3\xbc"));
  EXPECT_TRUE(is_readable(V_ASN1_T61STRING, "caf\xe9"));
  EXPECT_FALSE(is_readable(V_ASN1_BMPSTRING, "abc"));
  EXPECT_FALSE(is_readable(V_ASN1_UNIVERSALSTRING, std::string_view("\0\0\0a", 4)));
}

TEST(StrictDer, HasNoBitsInTheUnusedOnes) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(is_der("\x03\x02\x07\x80"sv));
  EXPECT_TRUE(is_der("\x03\x01\x00"sv));
  EXPECT_TRUE(is_der("\x03\x02\x00\xff"sv));
  for (const std::string_view bad :
       {"\x03\x02\x07\x81"sv, "\x03\x02\x08\x00"sv, "\x03\x01\x01"sv, "\x03\x00"sv}) {
    EXPECT_FALSE(is_der(bad)) << bad;
  }
}

TEST(StrictDer, HasObjectIdentifiersOf31Bits) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(is_der("\x06\x02\x2a\x03"sv));
  EXPECT_TRUE(is_der("\x06\x06\x2a\x87\xff\xff\xff\x7f"sv));
  for (const std::string_view bad : {"\x06\x06\x2a\x88\x80\x80\x80\x00"sv, "\x06\x00"sv,
                                     "\x06\x03\x2a\x80\x03"sv, "\x06\x02\x2a\x83"sv}) {
    EXPECT_FALSE(is_der(bad)) << bad;
  }
}

TEST(StrictDer, CountsElementsAndSpeltOutFalse) {
  using namespace std::string_view_literals;
  const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text)); };
  EXPECT_TRUE(is_single_element(bytes("\x30\x03\x01\x01\xff"sv)));
  EXPECT_FALSE(is_single_element(bytes("\x30\x00\x05\x00"sv)));
  EXPECT_FALSE(is_single_element({}));
  EXPECT_TRUE(has_no_spelt_out_false(bytes("\x30\x03\x01\x01\xff"sv)));
  EXPECT_FALSE(has_no_spelt_out_false(bytes("\x30\x03\x01\x01\x00"sv)));
}

}  // namespace
}  // namespace ccm::crypto
