// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "policy/canary.h"

namespace ccm::policy {
namespace {

CanarySide side(std::uint64_t shown, std::uint64_t failed) {
  CanarySide made;
  made.counts[static_cast<std::size_t>(CanaryCount::shown)] = shown;
  made.counts[static_cast<std::size_t>(CanaryCount::completed)] = shown - failed;
  return made;
}

bool is_worse(CanarySide current, CanarySide candidate) {
  return is_clearly_worse({.current = current, .candidate = candidate});
}

TEST(Canary, ItIsWorseWhenEverybodyRefusesIt) {
  EXPECT_TRUE(is_worse(side(45, 0), side(5, 5)));
  EXPECT_TRUE(is_worse(side(10, 0), side(10, 10)));
}

TEST(Canary, FewFailuresProveNothing) {
  EXPECT_FALSE(is_worse(side(36, 0), side(4, 4)));
  EXPECT_FALSE(is_worse(side(100000, 0), side(10000, 4)));
}

TEST(Canary, WithoutTrafficThereIsNoVerdict) {
  EXPECT_FALSE(is_worse(side(0, 0), side(0, 0)));
  // Nothing to compare with.
  EXPECT_FALSE(is_worse(side(0, 0), side(5, 5)));
}

TEST(Canary, WhatFailsWithBothIsNotTheNewVersionsFault) {
  EXPECT_FALSE(is_worse(side(900, 900), side(100, 100)));
  EXPECT_FALSE(is_worse(side(9000, 900), side(1000, 100)));
  EXPECT_FALSE(is_worse(side(9000, 900), side(1000, 120)));
}

TEST(Canary, ARiseAboveTheNoiseIsFound) {
  EXPECT_TRUE(is_worse(side(9000, 90), side(1000, 50)));
  EXPECT_TRUE(is_worse(side(9000, 900), side(1000, 180)));
}

TEST(Canary, ARiseThatHardlyMattersIsNone) {
  EXPECT_FALSE(is_worse(side(9000000, 90000), side(1000000, 25000)));
  EXPECT_TRUE(is_worse(side(9000000, 90000), side(1000000, 31000)));
}

TEST(Canary, ABetterVersionIsNotWorse) {
  EXPECT_FALSE(is_worse(side(900, 450), side(100, 6)));
}

TEST(Canary, ARefusalAfterTheHandshakeIsAFailure) {
  CanarySide refused = side(10, 0);
  refused.counts[static_cast<std::size_t>(CanaryCount::returned)] = 8;
  EXPECT_EQ(refused.failed(), 8U);
  EXPECT_TRUE(is_worse(side(90, 0), refused));
}

// A handshake that began before what is compared may end in it.
TEST(Canary, MoreEndsThanBeginningsAreNoFailures) {
  CanarySide odd;
  odd.counts[static_cast<std::size_t>(CanaryCount::completed)] = 3;
  EXPECT_EQ(odd.failed(), 0U);
}

}  // namespace
}  // namespace ccm::policy
