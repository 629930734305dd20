// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "base/backoff.h"

namespace ccm {
namespace {

using namespace std::chrono_literals;

std::vector<Backoff::Delay> row(const Backoff& backoff, unsigned count) {
  std::vector<Backoff::Delay> delays;
  for (unsigned i = 1; i <= count; ++i) delays.push_back(backoff.delay(i));
  return delays;
}

TEST(Backoff, DoublesFromTheFirstDelayToTheLongest) {
  EXPECT_EQ(row({.first = 500ms, .longest = 3s}, 5),
            (std::vector<Backoff::Delay>{500ms, 1s, 2s, 3s, 3s}));
}

TEST(Backoff, GrowsByAnotherFactor) {
  EXPECT_EQ(row({.first = 5s, .longest = 1h, .factor = 4}, 6),
            (std::vector<Backoff::Delay>{5s, 20s, 80s, 320s, 1280s, 1h}));
}

TEST(Backoff, TriesAtOnceAsOftenAsItIsTold) {
  EXPECT_EQ(row({.first = 10s, .longest = 30s, .immediate = 2}, 6),
            (std::vector<Backoff::Delay>{0s, 0s, 10s, 20s, 30s, 30s}));
}

TEST(Backoff, CountsNoFailureAsOne) {
  EXPECT_EQ((Backoff{.first = 5s, .longest = 1h}.delay(0)), 5s);
  EXPECT_EQ((Backoff{.first = 5s, .longest = 1h, .immediate = 1}.delay(0)), 0s);
}

TEST(Backoff, NeverExceedsTheLongest) {
  EXPECT_EQ((Backoff{.first = 5s, .longest = 1s}.delay(1)), 1s);
  EXPECT_EQ((Backoff{.first = 5s, .longest = 6h}.delay(~0U)), 6h);
}

constexpr Backoff kDelays{.first = 500ms, .longest = 30s};

TEST(RestartBackoff, WaitsLongerForWhatFailsAgainAndAgain) {
  RestartBackoff backoff(kDelays);
  for (const Backoff::Delay expected :
       std::vector<Backoff::Delay>{500ms, 1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s}) {
    EXPECT_EQ(backoff.failed_after(100ms), expected);
  }
}

TEST(RestartBackoff, StaysAtTheLongestForEver) {
  RestartBackoff backoff(kDelays);
  for (int i = 0; i < 5000; ++i) static_cast<void>(backoff.failed_at_once());
  EXPECT_EQ(backoff.failed_at_once(), 30s);
}

TEST(RestartBackoff, BeginsAnewAfterALongLife) {
  RestartBackoff backoff(kDelays);
  for (int i = 0; i < 5; ++i) static_cast<void>(backoff.failed_at_once());
  EXPECT_EQ(backoff.failed_after(60s), 500ms);
  EXPECT_EQ(backoff.failed_after(60s - 1ms), 1s);
}

TEST(RestartBackoff, BeginsAnewWhenTold) {
  RestartBackoff backoff(kDelays);
  for (int i = 0; i < 5; ++i) static_cast<void>(backoff.failed_at_once());
  backoff.reset();
  EXPECT_EQ(backoff.failed_at_once(), 500ms);
}

}  // namespace
}  // namespace ccm
