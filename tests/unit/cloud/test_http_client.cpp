// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "cloud/transport/http_client.h"

namespace ccm::cloud {
namespace {

TEST(HttpClient, AHeaderTakesVisibleAsciiOnly) {
  EXPECT_TRUE(is_header_safe("AKID-123_/+=.~!"));
  EXPECT_TRUE(is_header_safe(""));
  for (const char wrong : {' ', '\t', '\r', '\n', '\0', '\x1f', '\x7f', '\xc3'}) {
    EXPECT_FALSE(is_header_safe(std::string("a") + wrong + "b")) << static_cast<int>(wrong);
  }
}

TEST(HttpResponse, HeadersAreFoundWhateverTheCase) {
  HttpResponse answer;
  answer.headers = {{"X-Request-Id", "1"}, {"x-request-id", "2"}};
  EXPECT_EQ(answer.header("X-REQUEST-ID"), "1");
  EXPECT_EQ(answer.header("Retry-After"), "");
}

}  // namespace
}  // namespace ccm::cloud
