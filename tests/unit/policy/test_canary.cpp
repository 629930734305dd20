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

HostTally host(const std::string& name, CanarySide current, CanarySide candidate) {
  return {.host = name, .tally = {.current = current, .candidate = candidate}};
}

TEST(Canary, TheHostsOfAFleetAreTakenTogether) {
  const HostTallies few{host("", side(30, 0), side(3, 2)), host("two", side(30, 0), side(3, 2)),
                        host("three", side(30, 0), side(3, 2))};
  const auto rise = find_rise(few);
  ASSERT_TRUE(rise);
  EXPECT_EQ(rise->host, std::nullopt);
  EXPECT_EQ(rise->tally.candidate.failed(), 6U);
  EXPECT_FALSE(find_rise({few[0], few[1]}));
  EXPECT_FALSE(find_rise({}));
}

// The clients of one host may be others than those of the rest.
TEST(Canary, ARiseOnOneHostOfManyIsFound) {
  HostTallies many(1000, host("", side(900, 0), side(100, 0)));
  EXPECT_FALSE(find_rise(many));
  many[700] = host("seven", side(90, 0), side(10, 10));
  const auto rise = find_rise(many);
  ASSERT_TRUE(rise);
  EXPECT_EQ(rise->host, "seven");
  EXPECT_EQ(rise->tally.candidate.failed(), 10U);
}

// Six of twenty where one would be usual: one host in 3,000 sees that by chance.
TEST(Canary, WhatIsClearForOneHostAloneMayBeChanceAmongMany) {
  const HostTally odd = host("odd", side(200, 10), side(20, 6));
  EXPECT_TRUE(find_rise({odd}));
  HostTallies many(1000, host("", side(200, 10), side(20, 1)));
  many.push_back(odd);
  EXPECT_FALSE(find_rise(many));
}

// A handshake that began before what is compared may end in it.
TEST(Canary, MoreEndsThanBeginningsAreNoFailures) {
  CanarySide odd;
  odd.counts[static_cast<std::size_t>(CanaryCount::completed)] = 3;
  EXPECT_EQ(odd.failed(), 0U);
}

}  // namespace
}  // namespace ccm::policy
