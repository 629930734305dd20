// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "crypto/certificate/names.h"

namespace ccm::crypto {
namespace {

using testing::HasSubstr;

std::string problem_of_name(std::string_view text) {
  const Result<std::string> name = parse_server_name(text);
  EXPECT_FALSE(name) << text;
  if (name) return {};
  EXPECT_EQ(name.error().kind(), ErrorKind::invalid);
  return name.error().message();
}

TEST(ServerName, HasOneCanonicalForm) {
  EXPECT_EQ(parse_server_name("WWW.Example.COM").value(), "www.example.com");
  EXPECT_EQ(parse_server_name("www.example.com.").value(), "www.example.com");
  EXPECT_EQ(parse_server_name("*.Example.com").value(), "*.example.com");
  EXPECT_EQ(parse_server_name("localhost").value(), "localhost");
  EXPECT_EQ(parse_server_name("my_host.intra.example").value(), "my_host.intra.example");
  EXPECT_EQ(parse_server_name("xn--mnchen-3ya.example").value(), "xn--mnchen-3ya.example");
  for (const char* written : {"münchen.example", "MÜNCHEN.example.", "mu\u0308nchen.Example"}) {
    EXPECT_EQ(parse_server_name(written).value(), "xn--mnchen-3ya.example") << written;
  }
  EXPECT_EQ(parse_server_name("*.münchen.example").value(), "*.xn--mnchen-3ya.example");
  EXPECT_EQ(parse_server_name("[2001:DB8:0::1]").value(), "2001:db8::1");
  EXPECT_EQ(parse_server_name("3com.example").value(), "3com.example");
}

TEST(ServerName, AddressesHaveTheFormOfInetNtop) {
  EXPECT_EQ(parse_server_name("192.0.2.7").value(), "192.0.2.7");
  EXPECT_EQ(parse_server_name("2001:DB8:0:0::7").value(), "2001:db8::7");
  EXPECT_TRUE(is_ip_address("::1"));
  EXPECT_FALSE(is_ip_address("www.example.com"));
  EXPECT_FALSE(is_ip_address(std::string_view("1.2.3.4\0", 8)));
  EXPECT_FALSE(is_ip_address(std::string(200, '1')));
  EXPECT_FALSE(is_ip_address(""));
}

TEST(ServerName, SaysWhatIsWrong) {
  EXPECT_THAT(problem_of_name(""), HasSubstr("empty"));
  EXPECT_THAT(problem_of_name("."), HasSubstr("empty label"));
  EXPECT_THAT(problem_of_name("www..example.com"), HasSubstr("empty label"));
  EXPECT_THAT(problem_of_name(".example.com"), HasSubstr("empty label"));
  EXPECT_THAT(problem_of_name("example.com.."), HasSubstr("empty label"));
  EXPECT_THAT(problem_of_name("w*.example.com"), HasSubstr("whole left-most label"));
  EXPECT_THAT(problem_of_name("www.*.example.com"), HasSubstr("whole left-most label"));
  EXPECT_THAT(problem_of_name("*.*.example.com"), HasSubstr("whole left-most label"));
  EXPECT_THAT(problem_of_name("www.*"), HasSubstr("whole left-most label"));
  EXPECT_THAT(problem_of_name("*"), HasSubstr("needs a domain"));
  EXPECT_THAT(problem_of_name("*."), HasSubstr("needs a domain"));
  EXPECT_THAT(problem_of_name("w*.münchen.example"), HasSubstr("whole left-most label"));
  EXPECT_THAT(problem_of_name("\xff.example"), HasSubstr("xn--"));
  EXPECT_THAT(problem_of_name("münchen..example"), HasSubstr("empty label"));
  EXPECT_THAT(problem_of_name("www example.com"), HasSubstr("only letters"));
  EXPECT_THAT(problem_of_name("https://example.com"), HasSubstr("only letters"));
  EXPECT_THAT(problem_of_name("example.com:443"), HasSubstr("only letters"));
  EXPECT_THAT(problem_of_name("[www.example.com]"), HasSubstr("only letters"));
  EXPECT_THAT(problem_of_name("[10.0.0.1]"), HasSubstr("only letters"));
  EXPECT_THAT(problem_of_name("[::1"), HasSubstr("only letters"));
  EXPECT_THAT(problem_of_name("[[::1]]"), HasSubstr("only letters"));
  EXPECT_THAT(problem_of_name("[::1]:443"), HasSubstr("only letters"));
  EXPECT_THAT(problem_of_name("-a.example"), HasSubstr("hyphen"));
  EXPECT_THAT(problem_of_name("a-.example"), HasSubstr("hyphen"));
  EXPECT_THAT(problem_of_name("300.1.1.1"), HasSubstr("not an IP address"));
  EXPECT_THAT(problem_of_name("1.2.3"), HasSubstr("not an IP address"));
  EXPECT_THAT(problem_of_name("*.1"), HasSubstr("not an IP address"));
  EXPECT_THAT(problem_of_name(std::string_view("a.example\0.b", 12)), HasSubstr("\\x00"));
}

TEST(ServerName, KeepsTheLimitsOfDns) {
  const std::string label(63, 'a');
  EXPECT_TRUE(parse_server_name(label + ".example").has_value());
  EXPECT_THAT(problem_of_name(label + "a.example"), HasSubstr("63"));
  const std::string name = label + "." + label + "." + label + "." + std::string(61, 'b');
  ASSERT_EQ(name.size(), 253u);
  EXPECT_TRUE(parse_server_name(name).has_value());
  EXPECT_TRUE(parse_server_name(name + ".").has_value());
  EXPECT_THAT(problem_of_name(name + "b"), HasSubstr("253"));
}

TEST(Covers, ANameCoversItself) {
  EXPECT_TRUE(covers("www.example.com", "www.example.com"));
  EXPECT_FALSE(covers("example.com", "www.example.com"));
  EXPECT_FALSE(covers("www.example.com", "example.com"));
  EXPECT_FALSE(covers("", ""));
}

TEST(Covers, AWildcardStandsForExactlyOneLabel) {
  EXPECT_TRUE(covers("*.example.com", "www.example.com"));
  EXPECT_TRUE(covers("*.example.com", "xn--mnchen-3ya.example.com"));
  EXPECT_FALSE(covers("*.example.com", "example.com"));
  EXPECT_FALSE(covers("*.example.com", "a.b.example.com"));
  EXPECT_FALSE(covers("*.example.com", ".example.com"));
  EXPECT_FALSE(covers("*.example.com", "www.badexample.com"));
  EXPECT_FALSE(covers("*.example.com", "www.example.com.evil.test"));
  EXPECT_FALSE(covers("w*.example.com", "www.example.com"));
  EXPECT_FALSE(covers("*", "localhost"));
}

TEST(Covers, AWildcardNeedsTheSameWildcard) {
  EXPECT_TRUE(covers("*.example.com", "*.example.com"));
  EXPECT_FALSE(covers("*.com", "*.example.com"));
  EXPECT_FALSE(covers("www.example.com", "*.example.com"));
}

TEST(Covers, AWildcardBelowTheTopLevelCoversNothing) {
  EXPECT_FALSE(covers("*.com", "example.com"));
  EXPECT_TRUE(covers("*.com", "*.com"));
}

TEST(Covers, AddressesOnlyThemselves) {
  EXPECT_TRUE(covers("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(covers("*.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(covers("192.0.2.8", "192.0.2.7"));
}

TEST(FirstUncovered, NamesTheFirstThatIsMissing) {
  const std::vector<std::string> patterns{"example.com", "*.example.com"};
  EXPECT_EQ(first_uncovered(patterns, {"example.com", "a.example.com"}), "");
  EXPECT_EQ(first_uncovered(patterns, {"a.example.com", "b.a.example.com", "x.test"}),
            "b.a.example.com");
  EXPECT_EQ(first_uncovered({}, {"a.example.com"}), "a.example.com");
  EXPECT_EQ(first_uncovered({}, {}), "");
}

}  // namespace
}  // namespace ccm::crypto
