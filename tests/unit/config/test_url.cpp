// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "config/values/url.h"

namespace ccm::config {
namespace {

TEST(Url, EndpointIsAnHttpsBase) {
  EXPECT_EQ(*parse_endpoint("https://scm.ap-southeast-1.myhuaweicloud.com"),
            "https://scm.ap-southeast-1.myhuaweicloud.com");
  EXPECT_EQ(*parse_endpoint("HTTPS://SCM.Example.com:8443/"), "https://scm.example.com:8443");
  EXPECT_EQ(*parse_endpoint("https://127.0.0.1:9000"), "https://127.0.0.1:9000");
  EXPECT_EQ(*parse_endpoint("https://[::1]:9000"), "https://[::1]:9000");
  EXPECT_EQ(*parse_endpoint("https://localhost"), "https://localhost");
}

TEST(Url, EndpointRefusesEverythingElse) {
  for (const char* text : {"",
                           "https://",
                           "https:///",
                           "scm.example.com",
                           "ftp://scm.example.com",
                           "http://scm.example.com",
                           "http://127.0.0.1:9000",
                           "http://localhost",
                           "https://a/v3",
                           "https://a?b",
                           "https://a#b",
                           "https://a:0",
                           "https://a:65536",
                           "https://a:",
                           "https://a:b",
                           "https://*.example.com",
                           "https://[::1",
                           "https://[127.0.0.1]",
                           "https://::1",
                           "https://a b",
                           "https://a//",
                           "https://[]:1"}) {
    EXPECT_FALSE(parse_endpoint(text)) << text;
  }
}

TEST(Url, PasswordInAUrlIsNotRepeated) {
  const auto parsed = parse_endpoint("https://user:hunter2@scm.example.com");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message().find("hunter2"), std::string::npos);
  EXPECT_FALSE(parse_proxy("http://user:hunter2@proxy:3128"));
}

TEST(Url, MetadataMaySpeakPlainHttp) {
  EXPECT_EQ(*parse_metadata_endpoint("http://169.254.169.254"), "http://169.254.169.254");
  EXPECT_EQ(*parse_metadata_endpoint("https://127.0.0.1:1"), "https://127.0.0.1:1");
  EXPECT_FALSE(parse_metadata_endpoint("169.254.169.254"));
  EXPECT_FALSE(parse_metadata_endpoint("http://169.254.169.254/latest"));
}

TEST(Url, ProxyIsAnHttpBaseOrOff) {
  EXPECT_EQ(*parse_proxy("off"), "");
  EXPECT_EQ(*parse_proxy("http://proxy.example.com:3128"), "http://proxy.example.com:3128");
  EXPECT_FALSE(parse_proxy("https://proxy.example.com:3128"));
  EXPECT_FALSE(parse_proxy("socks5://proxy"));
  EXPECT_FALSE(parse_proxy("on"));
  EXPECT_FALSE(parse_proxy(""));
}

}  // namespace
}  // namespace ccm::config
