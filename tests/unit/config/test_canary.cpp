// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/input/settings.h"
#include "config/values/canary.h"

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

TEST(CanaryPlan, MayBeOneWord) {
  EXPECT_EQ(parse_canary({"5min  20%"}).value(), parse_canary({"5min", "20%"}).value());
  EXPECT_FALSE(parse_canary({""}));
  EXPECT_FALSE(parse_canary({"5min 20% off"}));
}

TEST(CanaryPlan, IsInheritedAndCanBeLeftOut) {
  Settings settings;
  ASSERT_TRUE(settings.set("credentials", {"ecs"}, {}));
  ASSERT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
  ASSERT_TRUE(settings.set("canary", {"5min", "20%"}, {}));
  for (const char* name : {"a", "b"}) {
    ASSERT_TRUE(settings.add_certificate(name, {}));
    ASSERT_TRUE(settings.set_in(name, "source", {"scm"}, {}));
    ASSERT_TRUE(settings.set_in(name, "names", {"a.example.com"}, {}));
  }
  ASSERT_TRUE(settings.set_in("b", "canary", {"off"}, {}));
  ASSERT_TRUE(settings.use({"source=scm", "name=c", "canary=1h 5%"}, {"c.example.com"}, {}));
  const Config config = settings.finalize().value();
  EXPECT_EQ(to_string(config.find("a")->canary), "5m 20%");
  EXPECT_EQ(to_string(config.find("b")->canary), "off");
  EXPECT_EQ(to_string(config.find("c")->canary), "1h 5%");
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
