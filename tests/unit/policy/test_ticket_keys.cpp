// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "policy/ticket_keys.h"
#include "support/fake_clock.h"

namespace ccm::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string_view name_of(const TicketKey& key) {
  return {reinterpret_cast<const char*>(key.name.data()), key.name.size()};
}

// What an agent that leads does, each time that the plan asks for it.
class TicketKeysTest : public testing::Test {
 protected:
  TicketPlan look() {
    const TicketPlan plan = plan_ticket_keys(keys_, clock_.now());
    std::erase_if(keys_, [this](const auto& key) { return !is_needed(key, clock_.now()); });
    if (plan.make) keys_.push_back(make_ticket_key(*plan.make).value());
    return plan;
  }
  void go_on_until(Time end) {
    while (clock_.now() < end) {
      const TicketPlan plan = look();
      // What was made is looked at again.
      const Time next = plan.make ? *plan.make : plan.next_look;
      ASSERT_GT(next, clock_.now());
      clock_.set(std::min(next, end));
    }
    look();
  }
  std::vector<Seconds> begins() const {
    std::vector<Seconds> begins;
    for (const TicketKey& key : keys_) begins.push_back(key.from - start_);
    return begins;
  }
  const TicketKey* sealing() const { return sealing_key(keys_, clock_.now()); }

  test::FakeClock clock_;
  const Time start_ = clock_.now();
  TicketKeys keys_;
};

TEST_F(TicketKeysTest, TheFirstOneIsUsedWithinSeconds) {
  EXPECT_EQ(look().make, start_ + kFirstWait);
  EXPECT_EQ(sealing(), nullptr);
  clock_.advance(kFirstWait);
  EXPECT_EQ(sealing(), &keys_[0]);
}

TEST_F(TicketKeysTest, EachIsThereAPeriodBeforeItIsUsed) {
  go_on_until(start_ + kFirstWait);
  EXPECT_THAT(begins(), ElementsAre(kFirstWait, kFirstWait + kTicketPeriod));
  go_on_until(start_ + kFirstWait + kTicketPeriod);
  EXPECT_EQ(sealing(), &keys_[1]);
  EXPECT_THAT(begins(),
              ElementsAre(kFirstWait, kFirstWait + kTicketPeriod, kFirstWait + 2 * kTicketPeriod));
  // However long it goes on: the next one, the current one, and two that only open.
  go_on_until(start_ + 100 * kTicketPeriod + Seconds(7));
  EXPECT_THAT(keys_, SizeIs(4));
  EXPECT_EQ(sealing(), &keys_[2]);
}

TEST_F(TicketKeysTest, AreGoneWhenTheirLifeIsOver) {
  go_on_until(start_ + kFirstWait);
  const std::string first(name_of(keys_[0]));
  go_on_until(start_ + kFirstWait + kTicketLife - Seconds(1));
  EXPECT_EQ(opening_key(keys_, first, clock_.now()), &keys_[0]);
  // Even where nobody deletes it.
  clock_.advance(Seconds(1));
  EXPECT_EQ(opening_key(keys_, first, clock_.now()), nullptr);
  look();
  for (const TicketKey& key : keys_) EXPECT_NE(name_of(key), first);
}

TEST_F(TicketKeysTest, TheNextOneOpensBeforeItSeals) {
  go_on_until(start_ + kFirstWait);
  EXPECT_EQ(opening_key(keys_, name_of(keys_[1]), clock_.now()), &keys_[1]);
  EXPECT_EQ(opening_key(keys_, "another name 123", clock_.now()), nullptr);
  EXPECT_EQ(opening_key(keys_, "short", clock_.now()), nullptr);
}

TEST_F(TicketKeysTest, TheLastOneGoesOnForAPeriodWhenNobodyMakesKeys) {
  go_on_until(start_ + kFirstWait);
  const TicketKey* last = &keys_[1];
  clock_.set(last->from + kLongestSealing - Seconds(1));
  EXPECT_EQ(sealing(), last);
  clock_.advance(Seconds(1));
  EXPECT_EQ(sealing(), nullptr);
  EXPECT_EQ(opening_key(keys_, name_of(*last), clock_.now()), last);
}

TEST_F(TicketKeysTest, OneThatComesLateIsSpreadFirst) {
  go_on_until(start_ + kFirstWait);
  clock_.set(keys_[1].from + kTicketPeriod + Seconds(100));
  EXPECT_EQ(look().make, clock_.now() + kLateWait);
}

TEST_F(TicketKeysTest, WhatAWrongClockMadeIsNoHindrance) {
  clock_.advance(Seconds(365 * 86400));
  go_on_until(clock_.now() + kFirstWait);
  clock_.set(start_);
  const TicketPlan plan = look();
  EXPECT_TRUE(plan.drops);
  EXPECT_EQ(plan.make, start_ + kFirstWait);
  EXPECT_THAT(keys_, SizeIs(1));
}

TEST_F(TicketKeysTest, AreNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    const TicketKey key = make_ticket_key(start_).value();
    EXPECT_TRUE(seen.emplace(name_of(key)).second);
    EXPECT_TRUE(seen.emplace(key.secret.reveal()).second);
  }
}

}  // namespace
}  // namespace ccm::policy
