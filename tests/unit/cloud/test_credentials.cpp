// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>

#include "cloud/identity/credentials.h"

namespace ccm::cloud {
namespace {

AccessKey key(std::string id, std::string_view secret) {
  return {.id = std::move(id),
          .secret = Secret::copy_of(secret),
          .security_token = {},
          .expires_at = std::nullopt};
}

std::string fingerprint(std::variant<AccessKey, PasswordLogin> identity) {
  return Credentials{
      .identity = std::move(identity), .domain_id = {}, .project_id = {}, .iam_endpoint = {}}
      .fingerprint();
}

PasswordLogin login_with(std::string_view password) {
  return {.user = "user", .password = Secret::copy_of(password), .domain = "acct", .project = {}};
}

TEST(Credentials, FingerprintChangesWithTheIdentityAndShowsNothingOfIt) {
  const std::string first = fingerprint(key("AKEXAMPLE", "secret-one"));
  EXPECT_EQ(first, fingerprint(key("AKEXAMPLE", "secret-one")));
  EXPECT_NE(first, fingerprint(key("AKEXAMPLE", "secret-two")));
  EXPECT_NE(first, fingerprint(key("AKOTHER", "secret-one")));
  EXPECT_NE(fingerprint(login_with("a")), fingerprint(login_with("b")));
  EXPECT_EQ(first.find("AKEXAMPLE"), std::string::npos);
  EXPECT_EQ(first.find("secret"), std::string::npos);
}

TEST(AccessKey, CloneIsComplete) {
  AccessKey original = key("AK", "SK");
  original.security_token = Secret::copy_of("token");
  original.expires_at = Time(Seconds(5));
  const AccessKey copy = original.clone();
  EXPECT_EQ(copy.id, "AK");
  EXPECT_EQ(copy.secret.reveal(), "SK");
  EXPECT_EQ(copy.security_token.reveal(), "token");
  EXPECT_EQ(copy.expires_at, original.expires_at);
}

TEST(AccessKey, MustBeCompleteAndFitForAHeader) {
  EXPECT_TRUE(check_access_key(key("AK", "SK"), "here"));
  EXPECT_FALSE(check_access_key(key("", "SK"), "here"));
  EXPECT_FALSE(check_access_key(key("AK", ""), "here"));
  EXPECT_FALSE(check_access_key(key("AK\r\nX-Evil: 1", "SK"), "here"));
  AccessKey bad_token = key("AK", "SK");
  bad_token.security_token = Secret::copy_of("to ken");
  EXPECT_FALSE(check_access_key(bad_token, "here"));
}

class EnvironmentCredentials : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto* name : kNames) unsetenv(name);
  }
  void TearDown() override { SetUp(); }

  static constexpr const char* kNames[] = {
      "HUAWEICLOUD_SDK_AK",        "HUAWEICLOUD_SDK_SK",         "HUAWEICLOUD_SDK_SECURITY_TOKEN",
      "HUAWEICLOUD_SDK_DOMAIN_ID", "HUAWEICLOUD_SDK_PROJECT_ID", "HUAWEICLOUD_SDK_IAM_ENDPOINT"};
};

TEST_F(EnvironmentCredentials, AreReadByTheVendorsNames) {
  setenv("HUAWEICLOUD_SDK_AK", "AK", 1);
  setenv("HUAWEICLOUD_SDK_SK", "SK", 1);
  setenv("HUAWEICLOUD_SDK_SECURITY_TOKEN", "TOKEN", 1);
  setenv("HUAWEICLOUD_SDK_DOMAIN_ID", "domain", 1);
  const auto found = credentials_from_environment();
  ASSERT_TRUE(found);
  const auto& access_key = std::get<AccessKey>(found->identity);
  EXPECT_EQ(access_key.id, "AK");
  EXPECT_EQ(access_key.secret.reveal(), "SK");
  EXPECT_EQ(access_key.security_token.reveal(), "TOKEN");
  EXPECT_EQ(found->domain_id, "domain");
}

TEST_F(EnvironmentCredentials, MissingOnesAreNamed) {
  const auto none = credentials_from_environment();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind(), ErrorKind::invalid);
  setenv("HUAWEICLOUD_SDK_AK", "AK", 1);
  const auto half = credentials_from_environment();
  ASSERT_FALSE(half);
  EXPECT_NE(half.error().message().find("sk is missing"), std::string::npos);
}

}  // namespace
}  // namespace ccm::cloud
