// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cloud/reply/http_date.h"

namespace ccm::cloud {
namespace {

TEST(HttpDate, ReadsWhatServersSend) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Time(Seconds(784111777)));
}

TEST(HttpDate, ReadsNothingElse) {
  for (const char* text : {"", "now", "Sun, 06 Nov 1994 08:49:37 GMT+1", "1994-11-06T08:49:37Z",
                           "Sunday, 06-Nov-94 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

}  // namespace
}  // namespace ccm::cloud
