#include <gtest/gtest.h>

#include "base/clock.h"
#include "support/fake_clock.h"

namespace ccm {
namespace {

TEST(Clock, FormatsTimeAsRfc3339) {
  EXPECT_EQ(format_time(Time(Seconds(0))), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(Time(Seconds(1778438520))), "2026-05-10T18:42:00Z");
}

TEST(Clock, FormatsCompactTimeAsTheSignatureWantsIt) {
  EXPECT_EQ(format_compact_time(Time(Seconds(1778438520))), "20260510T184200Z");
}

TEST(Clock, FormatsDurationsInTheTwoLargestUnits) {
  EXPECT_EQ(format_duration(Seconds(0)), "0s");
  EXPECT_EQ(format_duration(Seconds(59)), "59s");
  EXPECT_EQ(format_duration(Seconds(725)), "12m 5s");
  EXPECT_EQ(format_duration(Seconds(3600)), "1h");
  EXPECT_EQ(format_duration(Seconds(3 * 86400 + 4 * 3600 + 59)), "3d 4h");
  EXPECT_EQ(format_duration(Seconds(86400 + 59)), "1d");
  EXPECT_EQ(format_duration(Seconds(-90)), "-1m 30s");
}

TEST(Clock, SystemClockMovesForward) {
  const SystemClock clock;
  const SteadyTime before = clock.steady_now();
  EXPECT_LE(before, clock.steady_now());
  EXPECT_GT(clock.now(), Time(Seconds(1700000000)));
}

TEST(Clock, FakeClockMovesOnlyWhenTold) {
  test::FakeClock clock;
  const Time start = clock.now();
  const SteadyTime steady = clock.steady_now();
  clock.advance(Seconds(5));
  EXPECT_EQ(clock.now(), start + Seconds(5));
  EXPECT_EQ(clock.steady_now(), steady + Seconds(5));
  clock.set(start);
  EXPECT_EQ(clock.now(), start);
  EXPECT_EQ(clock.steady_now(), steady + Seconds(5));
}

}  // namespace
}  // namespace ccm
