// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "config/values/duration.h"

namespace ccm::config {
namespace {

TEST(Duration, ReadsEveryUnit) {
  const std::pair<const char*, long> cases[] = {
      {"45s", 45},     {"12h", 43200},   {"90d", 7776000},
      {"2w", 1209600}, {"1y", 31536000}, {"3M", 7776000},
      {"1h30m", 5400}, {"5m", 300},      {"1d12h30m5s", 131405},
      {"120", 120},    {"0", 0},         {"100y", 3153600000},
  };
  for (const auto& [text, seconds] : cases) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->count(), seconds) << text;
  }
}

TEST(Duration, ReadsWhatHttpdUsersWrite) {
  const std::pair<const char*, long> cases[] = {
      {"5min", 300},   {"5mi", 300},   {"5MIN", 300},   {"5Mi", 300},        {"30S", 30},
      {"2H", 7200},    {"1D", 86400},  {"1W", 604800},  {"1Y", 31536000},    {"1h30min", 5400},
      {"1H5Mi", 3900}, {"1min5s", 65}, {"1M", 2592000}, {"1M1min", 2592060},
  };
  for (const auto& [text, seconds] : cases) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->count(), seconds) << text;
  }
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"", "d", "-1d", "1h30", "30m1h", "1d1d", "5 d", "1.5h", "1ms", "0x10s",
                           "d5", "12h,", "+3d", "5mins", "30msec", "2hr", "5MS", "5mi5m"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::invalid);
  }
  EXPECT_EQ(parse_duration("5 d").error().message(),
            "\"5 d\" is not a duration; write a number with a unit (s, m or min, h, d, w, M, y), "
            "such as 12h, 30d or 1h30m");
}

TEST(Duration, RefusesOverflow) {
  for (const char* text : {"101y", "99999999999999999999d", "18446744073709551615y",
                           "18446744073709551615", "100y1s"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message().find("too long"), std::string::npos);
  }
}

TEST(Duration, IsWrittenInAFormThatReadsBack) {
  for (const long seconds : {0L, 1L, 59L, 3600L, 5400L, 86400L, 7776000L, 131405L, 31536000L}) {
    const auto parsed = parse_duration(to_string(Seconds(seconds)));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->count(), seconds);
  }
  EXPECT_EQ(to_string(Seconds(7776000)), "90d");
  EXPECT_EQ(to_string(Seconds(5400)), "1h30m");
}

TEST(RenewalWindow, IsAShareOrATime) {
  EXPECT_EQ(*parse_renewal_window("33%"), RenewalWindow(LifetimeShare{33}));
  EXPECT_EQ(*parse_renewal_window("1%"), RenewalWindow(LifetimeShare{1}));
  EXPECT_EQ(*parse_renewal_window("99%"), RenewalWindow(LifetimeShare{99}));
  EXPECT_EQ(*parse_renewal_window("30d"), RenewalWindow(Seconds(30 * 86400)));
  for (const char* text : {"0%", "100%", "%", "33.3%", "-5%", "0", "0s", "soon", ""}) {
    EXPECT_FALSE(parse_renewal_window(text)) << text;
  }
  EXPECT_EQ(to_string(*parse_renewal_window("33%")), "33%");
  EXPECT_EQ(to_string(*parse_renewal_window("2w")), "14d");
}

}  // namespace
}  // namespace ccm::config
