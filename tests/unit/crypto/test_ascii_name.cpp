// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "crypto/certificate/ascii_name.h"

namespace ccm::crypto {
namespace {

std::string converted(std::string_view name) {
  const Result<std::string> ascii = to_ascii_name(name);
  return ascii ? *ascii : ascii.error().message();
}

TEST(AsciiName, ConvertsLabelsThatAreNotAscii) {
  EXPECT_EQ(converted("m\xc3\xbcller.example"), "xn--mller-kva.example");
  EXPECT_EQ(converted("\xe4\xbe\x8b\xe5\xad\x90.example"), "xn--fsqu00a.example");
  EXPECT_EQ(converted("www.xn--mller-kva.m\xc3\xbcller.example"),
            "www.xn--mller-kva.xn--mller-kva.example");
}

TEST(AsciiName, TakesEverySpellingOfAName) {
  EXPECT_EQ(converted("M\xc3\x9cLLER.Example"), "xn--mller-kva.example");   // upper case
  EXPECT_EQ(converted("mu\xcc\x88ller.example"), "xn--mller-kva.example");  // decomposed
  EXPECT_EQ(converted("m\xc3\xbcller.example."), "xn--mller-kva.example");  // with its end dot
  EXPECT_EQ(converted("m\xc3\xbcller\xe3\x80\x82"
                      "example"),
            "xn--mller-kva.example");  // ideographic dot
  EXPECT_EQ(converted("\xef\xbd\x8d\xc3\xbcller.example"), "xn--mller-kva.example");  // full width
}

TEST(AsciiName, KeepsTheSharpS) {
  EXPECT_EQ(converted("stra\xc3\x9f"
                      "e.example"),
            "xn--strae-oqa.example");
}

TEST(AsciiName, LeavesAsciiAsItIsButForCaseAndEndDot) {
  EXPECT_EQ(converted("WWW.Example.COM."), "www.example.com");
  EXPECT_EQ(converted("xn--mller-kva.example"), "xn--mller-kva.example");
  EXPECT_EQ(converted("_odd_.-x-"), "_odd_.-x-");
  EXPECT_EQ(converted("."), ".");
  EXPECT_EQ(converted(""), "");
}

TEST(AsciiName, KeepsAWildcard) {
  EXPECT_EQ(converted("*.m\xc3\xbcller.example"), "*.xn--mller-kva.example");
}

TEST(AsciiName, SaysWhatHasNoSuchForm) {
  EXPECT_TRUE(converted("\xff.example").starts_with("\"\\xff.example\" has no xn-- form: "));
  EXPECT_FALSE(to_ascii_name("a\xe2\x80\xae.example"));  // an override
  EXPECT_FALSE(to_ascii_name(std::string("\xc3\xbc\0.example", 11)));
  EXPECT_FALSE(to_ascii_name("\xc3\xbc" + std::string(70, 'a') + ".example"));
  EXPECT_FALSE(to_ascii_name("\xc3\xbc" + std::string(5000, '.')));
}

}  // namespace
}  // namespace ccm::crypto
