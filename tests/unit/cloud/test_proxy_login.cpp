// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cloud/transport/proxy_login.h"

namespace ccm::cloud {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<SharedProxyLogin> parse_login(std::string_view text) {
  return parse_proxy_login(Secret::copy_of(text));
}

TEST(ProxyLogin, IsOneLineOfUserAndPassword) {
  for (const std::string end : {"", "\n", "\r\n", "\n\n"}) {
    const auto login = parse_login("user:pass:word " + end);
    ASSERT_TRUE(login) << end;
    EXPECT_EQ((*login)->user.reveal(), "user");
    EXPECT_EQ((*login)->password.reveal(), "pass:word ");
  }
  EXPECT_TRUE(parse_login("user:"));
}

TEST(ProxyLogin, RefusesEverythingElseWithoutRepeatingIt) {
  for (const std::string text :
       {"", "\n", "sesame", ":sesame", "user:sesame\nmore", "a:sesame\rb"}) {
    const auto login = parse_login(text);
    ASSERT_FALSE(login) << text;
    EXPECT_EQ(login.error().kind(), ErrorKind::invalid);
    EXPECT_THAT(login.error().message(), HasSubstr("user:password"));
    EXPECT_THAT(login.error().message(), Not(HasSubstr("sesame")));
  }
  EXPECT_FALSE(parse_login(std::string_view("user:a\0b", 8)));
}

}  // namespace
}  // namespace ccm::cloud
