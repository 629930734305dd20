// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <string>

#include "base/file.h"
#include "base/time_zone.h"

namespace ccm {
namespace {

using testing::HasSubstr;

const bool kHasDatabase = access("/usr/share/zoneinfo/Europe/Berlin", F_OK) == 0;

// What libc says, which knows one zone at a time.
class LibcZone {
 public:
  explicit LibcZone(const std::string& name) {
    setenv("TZ", (":" + name).c_str(), 1);
    tzset();
  }
  LibcZone(const LibcZone&) = delete;
  LibcZone& operator=(const LibcZone&) = delete;
  ~LibcZone() {
    unsetenv("TZ");
    tzset();
  }
  static Seconds offset_at(Time time) {
    const std::time_t seconds = time.time_since_epoch().count();
    std::tm local{};
    localtime_r(&seconds, &local);
    return Seconds(local.tm_gmtoff);
  }
};

class TimeZoneTest : public testing::TestWithParam<const char*> {};

TEST_P(TimeZoneTest, IsWhereLibcSaysItIs) {
  if (!kHasDatabase) GTEST_SKIP() << "this system has no tzdata";
  const Result<TimeZone> zone = TimeZone::load(GetParam());
  ASSERT_TRUE(zone) << zone.error().message();
  const LibcZone libc(GetParam());
  // A step that meets every hour of the day and every day of the week, from 1970 to 2100.
  constexpr Seconds kStep{86400 * 3 + 3600 * 5 + 1799};
  for (Time time{}; time < Time(Seconds(4'102'444'800)); time += kStep) {
    ASSERT_EQ(zone->offset_at(time), LibcZone::offset_at(time)) << time.time_since_epoch().count();
  }
}

INSTANTIATE_TEST_SUITE_P(Zones, TimeZoneTest,
                         testing::Values("Asia/Shanghai", "America/New_York", "Europe/Berlin",
                                         "Europe/Dublin", "Asia/Kolkata", "Australia/Lord_Howe",
                                         "America/Nuuk", "Africa/Casablanca", "Asia/Jerusalem",
                                         "Pacific/Apia", "Antarctica/Troll", "America/Santiago",
                                         "Etc/GMT-14", "America/Denver", "Asia/Gaza"));

TEST(TimeZone, ChangesInTheVerySecond) {
  if (!kHasDatabase) GTEST_SKIP() << "this system has no tzdata";
  const TimeZone zone = TimeZone::load("Europe/Berlin").value();
  // 2027-03-28 01:00 UTC, from the table; 2060-03-28, from the rule behind it.
  for (const Time change : {Time(Seconds(1'806'195'600)), Time(Seconds(2'847'661'200))}) {
    EXPECT_EQ(zone.offset_at(change - Seconds(1)), Seconds(3600));
    EXPECT_EQ(zone.offset_at(change), Seconds(7200));
  }
}

TEST(TimeZone, NeedsNoFileForUtc) {
  EXPECT_EQ(TimeZone::load("UTC").value().offset_at(Time(Seconds(1'800'000'000))), Seconds(0));
}

TEST(TimeZone, HasTheHostsZoneByNoName) {
  EXPECT_TRUE(TimeZone::load(""));
}

TEST(TimeZone, SaysWhatIsWrongWithAName) {
  if (!kHasDatabase) GTEST_SKIP() << "this system has no tzdata";
  for (const char* name : {"Asia/Shangai", "../../../etc/passwd", "/etc/localtime", "Europe", "a b",
                           "zone.tab", "Europe/"}) {
    const Result<TimeZone> zone = TimeZone::load(name);
    ASSERT_FALSE(zone) << name;
    EXPECT_EQ(zone.error().kind(), ErrorKind::invalid);
    EXPECT_THAT(zone.error().message(),
                HasSubstr("is no time zone of this system; write one of those in "));
  }
}

TEST(TimeZone, TakesNoFileThatIsCutOrAltered) {
  if (!kHasDatabase) GTEST_SKIP() << "this system has no tzdata";
  const std::string whole = read_file("/usr/share/zoneinfo/Europe/Berlin", 1 << 20).value();
  ASSERT_TRUE(TimeZone::parse(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(TimeZone::parse(std::string_view(whole).substr(0, size))) << size;
  }
  // Whatever a byte is, nothing outside of the file is read.
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string altered = whole;
    altered[at] = static_cast<char>(0xff);
    if (const auto zone = TimeZone::parse(altered)) {
      static_cast<void>(zone->offset_at(Time(Seconds(4'000'000'000))));
    }
  }
}

}  // namespace
}  // namespace ccm
