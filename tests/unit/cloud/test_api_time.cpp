// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cloud/reply/api_time.h"

namespace ccm::cloud {
namespace {

std::string text_of(std::string_view form) {
  const auto time = parse_api_time(form);
  return time ? format_time(*time) : "none";
}

TEST(ApiTime, ReadsEveryFormTheServicesUse) {
  EXPECT_EQ(text_of("2019-02-13T06:52:13.855000Z"), "2019-02-13T06:52:13Z");
  EXPECT_EQ(text_of("2026-05-10T18:42:00Z"), "2026-05-10T18:42:00Z");
  EXPECT_EQ(text_of("2021-05-27 16:46:25.0"), "2021-05-27T16:46:25Z");
  EXPECT_EQ(text_of("2026-05-10T20:42:00+02:00"), "2026-05-10T18:42:00Z");
  EXPECT_EQ(text_of("2026-05-10T13:12:00-0530"), "none") << "an offset has a colon";
  EXPECT_EQ(text_of("1778438520000"), "2026-05-10T18:42:00Z");
  EXPECT_EQ(text_of(" 1778438520 "), "2026-05-10T18:42:00Z");
}

TEST(ApiTime, RefusesWhatIsNoTime) {
  for (const auto* text :
       {"", "soon", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-05-10T24:00:00Z",
        "2026-05-10", "2026-05-10T18:42:00Zx", "-1", "99999999999999999999"}) {
    EXPECT_EQ(text_of(text), "none") << text;
  }
}

TEST(ApiTime, TellsSecondsFromMilliseconds) {
  EXPECT_EQ(time_from_number(1'778'438'520), Time(Seconds(1'778'438'520)));
  EXPECT_EQ(time_from_number(1'778'438'520'999), Time(Seconds(1'778'438'520)));
  EXPECT_EQ(time_from_number(-5), std::nullopt);
  EXPECT_EQ(time_from_number(INT64_MAX), std::nullopt);
}

}  // namespace
}  // namespace ccm::cloud
