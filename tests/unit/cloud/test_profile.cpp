// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/identity/credentials.h"

namespace ccm::cloud {
namespace {

using testing::HasSubstr;

Result<Credentials> parse_text(std::string_view text, const std::string& profile = "") {
  return parse_profile(Secret::copy_of(text), profile, "/etc/ccm/credentials");
}

const AccessKey& key_of(const Result<Credentials>& credentials) {
  return std::get<AccessKey>(credentials->identity);
}

void expect_refused(std::string_view text, std::string_view why) {
  const auto credentials = parse_text(text);
  ASSERT_FALSE(credentials) << text;
  EXPECT_EQ(credentials.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(credentials.error().message(), HasSubstr(std::string(why)));
  EXPECT_THAT(credentials.error().message(), HasSubstr("/etc/ccm/credentials"));
  EXPECT_THAT(credentials.error().message(), testing::Not(HasSubstr("TOPSECRET")));
}

TEST(Profile, ReadsTheVendorsForm) {
  const auto credentials = parse_text(
      "[global]\nak = AKID\nsk = SKEY\nsecurity_token = STOK\ndomain_id = dom\nproject_id=prj\n"
      "iam_endpoint = https://iam.example.com/\n");
  ASSERT_TRUE(credentials) << credentials.error().message();
  EXPECT_EQ(key_of(credentials).id, "AKID");
  EXPECT_EQ(key_of(credentials).secret.reveal(), "SKEY");
  EXPECT_EQ(key_of(credentials).security_token.reveal(), "STOK");
  EXPECT_EQ(credentials->domain_id, "dom");
  EXPECT_EQ(credentials->project_id, "prj");
  EXPECT_EQ(credentials->iam_endpoint, "https://iam.example.com");
}

TEST(Profile, KeysInQuotesAreRefused) {
  expect_refused("[global]\nak = \"AKID\"\nsk = TOPSECRET\n", "the ak is in quotes");
  expect_refused("[global]\nak = AKID\nsk = 'TOPSECRET'\n", "the sk is in quotes");
  expect_refused("[global]\nak = AKID\nsk = TOPSECRET\"\n", "the sk is in quotes");
  expect_refused("[global]\nak = AKID\nsk = k\nsecurity_token = \"TOPSECRET\"\n",
                 "the security_token is in quotes");
}

TEST(Profile, GlobalComesBeforeBasicAndAnyOtherIsChosenByName) {
  const std::string_view text =
      "[basic]\nak=B\nsk=b\n[global]\nak=G\nsk=g\n[Test One]\nak=T\nsk=t\n";
  EXPECT_EQ(key_of(parse_text(text)).id, "G");
  EXPECT_EQ(key_of(parse_text(text, "basic")).id, "B");
  EXPECT_EQ(key_of(parse_text(text, "Test One")).id, "T");
  EXPECT_EQ(key_of(parse_text("[basic]\nak=B\nsk=b\n")).id, "B");
  const auto missing = parse_text(text, "test one");
  ASSERT_FALSE(missing) << "section names have case";
  EXPECT_THAT(missing.error().message(), HasSubstr("[test one]"));
}

TEST(Profile, KeepsTheHabitsOfConfigparser) {
  const auto credentials = parse_text(
      "\xEF\xBB\xBF# comment\r\n; another\r\n[global]\r\n  ; indented comment\r\nAK: AKID\r\n"
      "sK = a=b:c#d;e%%f\r\n\r\nSecurity_Token=\r\n");
  ASSERT_TRUE(credentials) << credentials.error().message();
  EXPECT_EQ(key_of(credentials).id, "AKID");
  EXPECT_EQ(key_of(credentials).secret.reveal(), "a=b:c#d;e%f") << "no inline comments";
  EXPECT_TRUE(key_of(credentials).security_token.empty());
}

TEST(Profile, AnIndentedSectionStillCounts) {
  EXPECT_EQ(key_of(parse_text("  [global]\n  ak = A\n  sk = b\n")).id, "A");
}

TEST(Profile, DefaultsStandBehindEverySection) {
  const auto credentials =
      parse_text("[DEFAULT]\nak = D\ndomain_id = dd\n[global]\nak = G\nsk = s\n");
  EXPECT_EQ(key_of(credentials).id, "G");
  EXPECT_EQ(credentials->domain_id, "dd");
}

TEST(Profile, ReadmeSpellingOfTheAccountIdIsUnderstood) {
  EXPECT_EQ(parse_text("[global]\nak=A\nsk=s\ndomainId = dom\n")->domain_id, "dom");
}

TEST(Profile, ReadsALogin) {
  const auto credentials = parse_text(
      "[global]\nusername=user\npassword=p%%w\ndomain_name=acct\nproject_name=ap-southeast-1\n");
  ASSERT_TRUE(credentials) << credentials.error().message();
  const auto& login = std::get<PasswordLogin>(credentials->identity);
  EXPECT_EQ(login.user, "user");
  EXPECT_EQ(login.password.reveal(), "p%w");
  EXPECT_EQ(login.domain, "acct");
  EXPECT_EQ(login.project, "ap-southeast-1");
}

TEST(Profile, EveryMistakeIsOneSentenceWithoutTheValue) {
  expect_refused("", "no section [global] or [basic]");
  expect_refused("[other]\nak=a\n", "no section [global] or [basic]");
  expect_refused("ak = TOPSECRET\n", "line 1");
  expect_refused("[global]\nak = a\nTOPSECRET\n", "line 3");
  expect_refused("[global\nak = a\n", "line 1");
  expect_refused("[]\n", "line 1");
  expect_refused("[global]\nak=A\nAK=TOPSECRET\n", "\"ak\" occurs twice");
  expect_refused("[global]\nak=A\n[global]\n", "occurs twice");
  expect_refused("[global]\nak=A\n", "sk is missing");
  expect_refused("[global]\nsk=TOPSECRET\n", "ak is missing");
  expect_refused("[global]\nak=A\nsk=TOPSECRET%x\n", "write %% for one");
  expect_refused("[global]\nak=A\nsk=TOPSECRET%\n", "write %% for one");
  expect_refused("[global]\nak=A\nsk=TOP\n  SECRET\n", "several lines");
  expect_refused("[global]\nak=A B\nsk=TOPSECRET\n", "ak contains a space");
  expect_refused("[global]\nak=A\nsk=TOPSECRET\nusername=u\n", "both");
  expect_refused("[global]\nusername=u\npassword=TOPSECRET\n", "domain_name is missing");
  expect_refused("[global]\nidp_id=x\nid_token_file=y\n", "identity provider");
  expect_refused("[global]\n= TOPSECRET\n", "line 2");
}

TEST(Profile, EveryPrefixOfAFileIsHandled) {
  const std::string text = "\xEF\xBB\xBF[global]\r\nak = A%%\r\n  more\r\nsk: %%%\r\n[x]\r\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    EXPECT_FALSE(parse_text(std::string_view(text).substr(0, size)));
  }
}

}  // namespace
}  // namespace ccm::cloud
