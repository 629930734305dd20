// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "policy/opening.h"

namespace ccm::policy {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

const bool kHasDatabase = access("/usr/share/zoneinfo/Europe/Berlin", F_OK) == 0;

Time utc(std::chrono::year_month_day day, int hour, int minute = 0, int second = 0) {
  return sys_days(day) + hours(hour) + minutes(minute) + seconds(second);
}

// When the window opens next, as text.
std::string opening(const std::string& window, Time now) {
  const auto parsed = config::parse_activation_window({window}).value();
  return format_time(next_opening(parsed, TimeZone::load(parsed.zone).value(), now));
}

TEST(NextOpening, IsNowWhileItIsOpen) {
  // 2026-11-26 is a Thursday.
  const Time now = utc(2026y / 11 / 26, 3);
  EXPECT_EQ(opening("Thu 02:00-05:00 UTC", now), "2026-11-26T03:00:00Z");
  EXPECT_EQ(opening("Thu 03:00-05:00 UTC", now), "2026-11-26T03:00:00Z");
  EXPECT_EQ(opening("Thu 02:00-03:00 UTC", now), "2026-12-03T02:00:00Z");
  EXPECT_EQ(opening("Wed 22:00-03:01 UTC", now), "2026-11-26T03:00:00Z");
  EXPECT_EQ(opening("Thu 22:00-03:01 UTC", now), "2026-11-26T22:00:00Z");
}

TEST(NextOpening, IsTheNextDayOfTheWeek) {
  const Time now = utc(2026y / 11 / 26, 6);
  EXPECT_EQ(opening("02:00-05:00 UTC", now), "2026-11-27T02:00:00Z");
  EXPECT_EQ(opening("Mon-Fri 02:00-05:00 UTC", now), "2026-11-27T02:00:00Z");
  EXPECT_EQ(opening("Mon-Fri 02:00-05:00 UTC", now + 24h), "2026-11-30T02:00:00Z");
  EXPECT_EQ(opening("Thu 02:00-05:00 UTC", now), "2026-12-03T02:00:00Z");
  EXPECT_EQ(opening("Sun 00:00-24:00 UTC", now), "2026-11-29T00:00:00Z");
}

TEST(NextOpening, IsByTheClockOnTheWall) {
  if (!kHasDatabase) GTEST_SKIP() << "this system has no tzdata";
  const Time now = utc(2026y / 11 / 26, 6);
  // Two o'clock in Shanghai is 18 o'clock UTC of the day before.
  EXPECT_EQ(opening("Fri 02:00-05:00 Asia/Shanghai", now), "2026-11-26T18:00:00Z");
  EXPECT_EQ(opening("02:00-05:00 America/New_York", now), "2026-11-26T07:00:00Z");
}

TEST(NextOpening, HasWhatIsLeftOfASkippedHour) {
  if (!kHasDatabase) GTEST_SKIP() << "this system has no tzdata";
  // On 2027-03-28 at 01:00 UTC the clocks of Berlin go from 02:00 to 03:00.
  const Time before = utc(2027y / 3 / 27, 12);
  EXPECT_EQ(opening("02:30-03:30 Europe/Berlin", before), "2027-03-28T01:00:00Z");
  EXPECT_EQ(opening("03:00-03:30 Europe/Berlin", before), "2027-03-28T01:00:00Z");
  EXPECT_EQ(opening("01:59-02:30 Europe/Berlin", before), "2027-03-28T00:59:00Z");
  // None of it is left, so it is open a day later.
  EXPECT_EQ(opening("02:10-02:50 Europe/Berlin", before), "2027-03-29T00:10:00Z");
  EXPECT_EQ(opening("Sun 02:10-02:50 Europe/Berlin", before), "2027-04-04T00:10:00Z");
}

TEST(NextOpening, IsTwiceInARepeatedHour) {
  if (!kHasDatabase) GTEST_SKIP() << "this system has no tzdata";
  // On 2026-10-25 at 01:00 UTC the clocks of Berlin go from 03:00 to 02:00.
  const std::string window = "Sun 02:30-02:45 Europe/Berlin";
  EXPECT_EQ(opening(window, utc(2026y / 10 / 25, 0)), "2026-10-25T00:30:00Z");
  EXPECT_EQ(opening(window, utc(2026y / 10 / 25, 0, 45)), "2026-10-25T01:30:00Z");
  EXPECT_EQ(opening(window, utc(2026y / 10 / 25, 1, 45)), "2026-11-01T01:30:00Z");
}

// Step by step through a year in zones that change: the opening is the first open second.
TEST(NextOpening, MissesNoOpeningAndInventsNone) {
  if (!kHasDatabase) GTEST_SKIP() << "this system has no tzdata";
  for (const char* text : {"02:00-03:00 Europe/Berlin", "Sat,Sun 23:30-01:15 America/New_York",
                           "Sun 01:00-02:00 Australia/Lord_Howe", "Fri 00:00-24:00 Asia/Gaza"}) {
    const auto window = config::parse_activation_window({text}).value();
    const TimeZone zone = TimeZone::load(window.zone).value();
    for (Time now = utc(2026y / 1 / 1, 0); now < utc(2027y / 1 / 1, 0); now += 7h + 13min) {
      const Time found = next_opening(window, zone, now);
      ASSERT_TRUE(is_open(window, zone, found)) << text << format_time(now);
      for (Time between = now; between < found; between += 17min) {
        ASSERT_FALSE(is_open(window, zone, between)) << text << format_time(between);
      }
      if (found > now) {
        ASSERT_FALSE(is_open(window, zone, found - 1s)) << text << format_time(now);
      }
    }
  }
}

}  // namespace
}  // namespace ccm::policy
