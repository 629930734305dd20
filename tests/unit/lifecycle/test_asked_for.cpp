// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "lifecycle/attempt/asked_for.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;

const SteadyTime kNow{1000h};

std::size_t taken(AskedFor& names, SteadyTime now) {
  std::size_t count = 0;
  while (names.next(now)) ++count;
  return count;
}

TEST(AskedFor, AFloodIsLookedUpAtABoundedRate) {
  AskedFor names;
  for (int i = 0; i < 100'000; ++i) names.ask("n" + std::to_string(i) + ".example", kNow);
  EXPECT_EQ(taken(names, kNow), 10U);
  EXPECT_EQ(names.wait(kNow), 3s);
  EXPECT_EQ(taken(names, kNow + 10s), 5U);
  // What there was no room for is gone.
  std::size_t all = 15;
  for (int minute = 1; minute < 60; ++minute) all += taken(names, kNow + minute * 60s);
  EXPECT_EQ(all, AskedFor::kMostWaiting);
  EXPECT_FALSE(names.is_waiting());
}

TEST(AskedFor, WhatIsAskedForAgainComesBeforeAFlood) {
  AskedFor names;
  names.ask("real.example", kNow);
  for (int i = 0; i < 200; ++i) names.ask("n" + std::to_string(i) + ".example", kNow);
  names.ask("real.example", kNow);
  for (int i = 200; i < 1000; ++i) names.ask("n" + std::to_string(i) + ".example", kNow);
  EXPECT_EQ(names.next(kNow), "real.example");
  EXPECT_EQ(names.next(kNow), "n999.example");
}

TEST(AskedFor, ANoIsRememberedForAWhile) {
  AskedFor names;
  names.ask("a.example", kNow);
  names.ask("a.example", kNow);
  EXPECT_EQ(names.next(kNow), "a.example");
  EXPECT_FALSE(names.next(kNow));
  names.note_no("a.example", kNow);
  names.ask("a.example", kNow + 599s);
  EXPECT_FALSE(names.is_waiting());
  names.ask("a.example", kNow + 600s);
  EXPECT_EQ(names.next(kNow + 600s), "a.example");
}

TEST(AskedFor, TheOldestNoIsForgottenFirst) {
  AskedFor names;
  for (std::size_t i = 0; i <= AskedFor::kMostNoes; ++i) {
    names.note_no("n" + std::to_string(i) + ".example", kNow);
  }
  names.ask("n1.example", kNow);
  EXPECT_FALSE(names.is_waiting());
  names.ask("n0.example", kNow);
  EXPECT_TRUE(names.is_waiting());
}

}  // namespace
}  // namespace ccm::lifecycle
