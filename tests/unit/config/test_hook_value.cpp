// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/directives/hook_value.h"

namespace ccm::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

std::string complaint(const Words& arguments) {
  const auto hook = parse_hook(arguments);
  return hook ? "accepted" : hook.error().message();
}

TEST(HookValueTest, TakesEventsProgramAndOptions) {
  const auto hook = parse_hook({"installed,challenge-setup", "run",
                                "/usr/bin/notify -v 'two words'", "user=ops", "timeout=1m30s"});
  ASSERT_TRUE(hook) << hook.error().message();
  EXPECT_THAT(hook->events, ElementsAre(EventType::installed, EventType::challenge_setup));
  EXPECT_THAT(hook->command, ElementsAre("/usr/bin/notify", "-v", "two words"));
  EXPECT_EQ(hook->user, "ops");
  EXPECT_EQ(hook->timeout, Seconds(90));
  EXPECT_TRUE(hook->wants(EventType::installed));
  EXPECT_FALSE(hook->wants(EventType::failing));
}

TEST(HookValueTest, HasUsualValues) {
  const auto hook = parse_hook({"failing", "run", "/usr/bin/notify"});
  ASSERT_TRUE(hook);
  EXPECT_EQ(hook->user, "");
  EXPECT_EQ(hook->timeout, Seconds(30));
}

TEST(HookValueTest, TakesTheOptionsInAnyOrder) {
  const auto hook = parse_hook({"failing", "run", "/usr/bin/notify", "timeout=2s", "user=ops"});
  ASSERT_TRUE(hook);
  EXPECT_EQ(hook->user, "ops");
  EXPECT_EQ(hook->timeout, Seconds(2));
}

TEST(HookValueTest, SaysWhatIsWrong) {
  const std::string program = "/usr/bin/notify";
  EXPECT_EQ(complaint({"instaled", "run", program}),
            "\"instaled\" is no event; did you mean \"installed\"?");
  EXPECT_THAT(complaint({"xyzzyxyzzy", "run", program}), HasSubstr("the events are renewing, "));
  EXPECT_EQ(complaint({"failing,failing", "run", program}), "\"failing\" is given twice");
  EXPECT_THAT(complaint({"failing,", "run", program}), HasSubstr("is no event"));
  EXPECT_THAT(complaint({"failing", "exec", program}), HasSubstr("where \"run\" and the program"));
  EXPECT_THAT(complaint({"failing", "run", "notify"}), HasSubstr("is not the absolute path"));
  EXPECT_THAT(complaint({"failing", "run", "./notify"}), HasSubstr("is not the absolute path"));
  EXPECT_THAT(complaint({"failing", "run", "/usr/bin/"}), HasSubstr("is not the absolute path"));
  EXPECT_EQ(complaint({"failing", "run", "  "}), "run: there is no program");
  EXPECT_THAT(complaint({"failing", "run", "/usr/bin/notify 'a"}), HasSubstr("not closed"));
  EXPECT_THAT(complaint({"failing", "run", program, "user="}), HasSubstr("names no account"));
  EXPECT_THAT(complaint({"failing", "run", program, "timeout=0"}), HasSubstr("between 1s and 10m"));
  EXPECT_THAT(complaint({"failing", "run", program, "timeout=11m"}), HasSubstr("between 1s"));
  EXPECT_THAT(complaint({"failing", "run", program, "timeout=soon"}), HasSubstr("soon"));
  EXPECT_THAT(complaint({"failing", "run", program, "-v"}), HasSubstr("one pair of quotes"));
  EXPECT_EQ(complaint({"failing", "run", program, "user=a", "user=b"}), "\"user=\" is given twice");
  EXPECT_EQ(complaint({"failing", "run", program, "timeout=1s", "timeout=2s"}),
            "\"timeout=\" is given twice");
}

TEST(HookValueTest, SplitsAtBlanksAndNothingElse) {
  EXPECT_THAT(*split_command(" /x  a\tb "), ElementsAre("/x", "a", "b"));
  EXPECT_THAT(*split_command("/x '' a' 'b $HOME;|`"), ElementsAre("/x", "", "a b", "$HOME;|`"));
}

}  // namespace
}  // namespace ccm::config
