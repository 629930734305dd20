// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/input/settings.h"
#include "config/values/activation_window.h"

namespace ccm::config {
namespace {

using testing::HasSubstr;

std::string again(const std::vector<std::string>& words) {
  const auto window = parse_activation_window(words);
  return window ? to_string(*window) : window.error().message();
}

TEST(ActivationWindow, IsReadAsOneWordOrSeveral) {
  const auto window = parse_activation_window({"mon-FRI 2:00-05:30 UTC"}).value();
  EXPECT_TRUE(window.is_set());
  EXPECT_EQ(window.days, 0b0011111);
  EXPECT_EQ(window.from, Seconds(2 * 3600));
  EXPECT_EQ(window.until, Seconds(5 * 3600 + 30 * 60));
  EXPECT_EQ(window.zone, "UTC");
  EXPECT_EQ(parse_activation_window({"Mon-Fri", "02:00-05:30", "UTC"}).value(), window);
  EXPECT_EQ(again({"Mon-Fri 02:00-05:30 UTC"}), "Mon,Tue,Wed,Thu,Fri 02:00-05:30 UTC");
}

TEST(ActivationWindow, MayLeaveOutDaysAndZone) {
  EXPECT_EQ(again({"02:00-05:00"}), "02:00-05:00");
  EXPECT_EQ(again({"Sat-Mon,Wed 22:00-02:00"}), "Mon,Wed,Sat,Sun 22:00-02:00");
  EXPECT_EQ(again({"Sun 00:00-24:00 UTC"}), "Sun 00:00-24:00 UTC");
  EXPECT_EQ(again({"off"}), "off");
  EXPECT_FALSE(parse_activation_window({"off"}).value().is_set());
}

TEST(ActivationWindow, SaysWhatIsWrong) {
  for (const auto& [text, sentence] : std::initializer_list<std::pair<const char*, const char*>>{
           {"Mon-Fry 02:00-05:00",
            "\"Mon-Fry\" are no days of the week; write Mon-Fri, or Sat,Sun"},
           {"Mon, 02:00-05:00", "\"Mon,\" are no days of the week"},
           {"02:00", "\"02:00\" is no time of a day; write 02:00-05:00"},
           {"02:60-05:00", "\"02:60-05:00\" is no time of a day"},
           {"24:00-05:00", "\"24:00-05:00\" is no time of a day"},
           {"02:00-24:01", "\"02:00-24:01\" is no time of a day"},
           {"03:00-03:00", "\"03:00-03:00\" ends when it begins; the whole day is 00:00-24:00"},
           {"at night", "\"at\" are no days of the week"},
           {"", "\"\" is no window; write days, hours and a time zone, such as \"Mon-Fri"},
           {"Mon 02:00-05:00 UTC please", "is no window; write days, hours and a time zone"},
           {"Mon 02:00-05:00 Mars/Base", "\"Mars/Base\""}}) {
    const auto window = parse_activation_window({text});
    ASSERT_FALSE(window) << text;
    EXPECT_EQ(window.error().kind(), ErrorKind::invalid);
    EXPECT_THAT(window.error().message(), HasSubstr(sentence));
  }
}

TEST(ActivationWindow, IsInheritedAndCanBeLeftOut) {
  Settings settings;
  ASSERT_TRUE(settings.set("credentials", {"ecs"}, {}));
  ASSERT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
  ASSERT_TRUE(settings.set("activate", {"Sun", "02:00-05:00", "UTC"}, {}));
  for (const char* name : {"a", "b"}) {
    ASSERT_TRUE(settings.add_certificate(name, {}));
    ASSERT_TRUE(settings.set_in(name, "source", {"scm"}, {}));
    ASSERT_TRUE(settings.set_in(name, "names", {"a.example.com"}, {}));
  }
  ASSERT_TRUE(settings.set_in("b", "activate", {"off"}, {}));
  ASSERT_TRUE(settings.use({"source=scm", "name=c", "activate=Mon 01:00-02:00 UTC"},
                           {"c.example.com"}, {}));
  const Config config = settings.finalize().value();
  EXPECT_EQ(to_string(config.find("a")->activation), "Sun 02:00-05:00 UTC");
  EXPECT_EQ(to_string(config.find("b")->activation), "off");
  EXPECT_EQ(to_string(config.find("c")->activation), "Mon 01:00-02:00 UTC");
  const auto refused = settings.set_in("b", "keep", {"3"}, {});
  EXPECT_TRUE(refused);
  EXPECT_THAT(settings.set_in("a", "activate", {"Mon"}, {}).error().message(),
              HasSubstr("activate: \"Mon\" is no window; write days, hours"));
}

}  // namespace
}  // namespace ccm::config
