// SPDX-License-Identifier: Apache-2.0
#include "config/canary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ccm::config {
namespace {

using testing::HasSubstr;

TEST(CanaryPlan, HasATimeAndAShare) {
  const auto plan = parse_canary({"5min", "20%"});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->time, Seconds(300));
  EXPECT_EQ(plan->percent, 20U);
  EXPECT_EQ(to_string(*plan), "5m 20%");
}

TEST(CanaryPlan, TheShareIsATenthUnlessGiven) {
  EXPECT_EQ(parse_canary({"1h"}).value(), (CanaryPlan{.time = Seconds(3600), .percent = 10}));
}

TEST(CanaryPlan, MayBeOff) {
  EXPECT_FALSE(parse_canary({"off"}).value().is_set());
  EXPECT_EQ(to_string(CanaryPlan()), "off");
}

TEST(CanaryPlan, ABadOneIsRefusedInOneSentence) {
  const auto said = [](const std::vector<std::string>& arguments) {
    const auto plan = parse_canary(arguments);
    return plan ? std::string("taken") : plan.error().message();
  };
  EXPECT_THAT(said({"9s"}), HasSubstr("\"9s\" is no time for a canary; write 10s to 7d"));
  EXPECT_THAT(said({"8d"}), HasSubstr("\"8d\" is no time for a canary"));
  EXPECT_THAT(said({"soon"}), HasSubstr("\"soon\""));
  for (const char* share : {"0%", "51%", "10", "%", "ten%"}) {
    EXPECT_THAT(said({"5m", share}), HasSubstr("is no share of the handshakes; write 1% to 50%"))
        << share;
  }
}

}  // namespace
}  // namespace ccm::config
