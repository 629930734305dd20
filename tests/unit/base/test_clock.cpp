// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/clock.h"
#include "support/fake_clock.h"

namespace ccm {
namespace {

TEST(Clock, FormatsTimeAsRfc3339) {
  EXPECT_EQ(format_time(Time(Seconds(0))), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(Time(Seconds(1778438520))), "2026-05-10T18:42:00Z");
}

// Dates in certificates go beyond what 64 bits of nanoseconds hold.
TEST(Clock, FormatsTheWholeRangeOfCertificateDates) {
  EXPECT_EQ(format_time(Time(Seconds(9223372037))), "2262-04-11T23:47:17Z");
  EXPECT_EQ(format_time(Time(Seconds(253402300799))), "9999-12-31T23:59:59Z");
  EXPECT_EQ(format_time(Time(Seconds(-9223372037))), "1677-09-21T00:12:43Z");
  EXPECT_EQ(format_time(Time(Seconds(-62135596800))), "0001-01-01T00:00:00Z");
  EXPECT_EQ(format_time(Time::max()), "9999-12-31T23:59:59Z") << "nothing may throw";
  EXPECT_EQ(format_time(Time::min()), "0000-01-01T00:00:00Z");
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
