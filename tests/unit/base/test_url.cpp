// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/url.h"

namespace ccm {
namespace {

TEST(Url, IsTakenApartAtItsSeams) {
  const auto parts = url_parts("HTTPS://[::1]:8443/base/?a=b#c");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->scheme, "HTTPS");
  EXPECT_EQ(parts->authority, "[::1]:8443");
  EXPECT_EQ(parts->host, "[::1]");
  EXPECT_EQ(parts->port, "8443");
  EXPECT_EQ(parts->path, "/base/?a=b#c");
}

TEST(Url, PartsMayBeMissing) {
  const auto bare = url_parts("http://[::1]");
  EXPECT_EQ(bare->host, "[::1]");
  EXPECT_EQ(bare->port, std::nullopt);
  EXPECT_EQ(bare->path, "");
  EXPECT_EQ(url_parts("http://a:")->port, "") << "a colon promises one";
  EXPECT_EQ(url_parts("http://?q")->host, "");
  EXPECT_EQ(url_parts("http://a?q/")->host, "a");
  EXPECT_EQ(url_parts("http://a#f/")->path, "#f/");
  EXPECT_FALSE(url_parts("scm.example.com"));
  EXPECT_FALSE(url_parts(""));
}

TEST(Url, PlainHttpIsToldByItsScheme) {
  EXPECT_TRUE(is_plain_http("http://a"));
  EXPECT_TRUE(is_plain_http("HTTP://a"));
  EXPECT_FALSE(is_plain_http("https://a"));
  EXPECT_FALSE(is_plain_http("ldap://http://a"));
  EXPECT_FALSE(is_plain_http("http:/a"));
}

}  // namespace
}  // namespace ccm
