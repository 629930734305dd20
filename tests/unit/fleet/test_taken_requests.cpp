// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fleet/store/taken_requests.h"

namespace ccm::fleet {
namespace {

constexpr Time kTakenNow{Seconds(1'800'000'000)};

TEST(TakenRequests, AreAddedUpAndForgottenWhenNoneOfThatAgeIsGood) {
  TakenRequests one;
  one.add("0123456789abcdef", kTakenNow);
  TakenRequests other;
  other.add("0223456789abcdef", kTakenNow + Seconds(1));
  one.add_all(other);
  TakenRequests again = TakenRequests::parse(one.serialize()).value();
  EXPECT_TRUE(again.has("0123456789abcdef"));
  EXPECT_TRUE(again.has("0223456789abcdef"));
  EXPECT_FALSE(again.has("0323456789abcdef"));
  again.forget_old(kTakenNow + 2 * Letter::kLife);
  EXPECT_TRUE(again.has("0123456789abcdef")) << "left an hour ahead of etcd's clock";
  again.forget_old(kTakenNow + TakenRequests::kKept + Seconds(1));
  EXPECT_FALSE(again.has("0123456789abcdef"));
  EXPECT_TRUE(again.has("0223456789abcdef"));
}

TEST(TakenRequests, HaveALimitAndNoOtherForm) {
  TakenRequests requests;
  for (std::size_t i = 0; i < TakenRequests::kMost; ++i) {
    EXPECT_FALSE(requests.is_full());
    requests.add(fmt::format("{:016x}", i), kTakenNow);
  }
  EXPECT_TRUE(requests.is_full());
  EXPECT_FALSE(TakenRequests::parse(Secret::copy_of(std::string_view("taken: 0123\n"))));
  EXPECT_FALSE(TakenRequests::parse(Secret::copy_of(std::string_view("taken: 0123 soon\n"))));
}

TEST(TakenRequests, LieInSixteenRecordsOfTheWholeFleet) {
  EXPECT_EQ(taken_kind("f123456789abcdef"), "taken-f");
  EXPECT_TRUE(is_taken_kind("", "taken-f"));
  EXPECT_FALSE(is_taken_kind("www", "taken-f"));
  EXPECT_FALSE(is_taken_kind("", "taken"));
  EXPECT_FALSE(is_taken_kind("", "answers"));
}

}  // namespace
}  // namespace ccm::fleet
