// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/checks/hook_checks.h"
#include "support/temp_directory.h"

namespace ccm::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class HookChecksTest : public testing::Test {
 protected:
  std::string program(mode_t mode, const std::string& name = "hook") {
    directory_.write(name, "#!/bin/sh\n");
    const std::string path = (directory_.path() / name).string();
    chmod(path.c_str(), mode);
    return path;
  }
  static std::string complaint(const std::string& path) {
    const auto good = check_hook_program(path);
    return good ? "fine" : good.error().message();
  }

  test::TempDirectory directory_;
};

TEST_F(HookChecksTest, TakesAProgram) {
  EXPECT_EQ(complaint(program(0755)), "fine");
  EXPECT_EQ(complaint(program(0770)), "fine");
}

TEST_F(HookChecksTest, SaysWhatIsWrongWithAProgram) {
  EXPECT_THAT(complaint((directory_.path() / "none").string()), HasSubstr("No such file"));
  EXPECT_THAT(complaint(directory_.path().string()), HasSubstr("is not a regular file"));
  EXPECT_THAT(complaint(program(0644)),
              AllOf(HasSubstr("is not executable"), HasSubstr("chmod +x")));
  EXPECT_THAT(complaint(program(0757)), HasSubstr("can be changed by everybody (mode 0757)"));
}

TEST_F(HookChecksTest, RefusesAProgramThatEverybodyMayReplace) {
  ASSERT_EQ(mkdir((directory_.path() / "open").c_str(), 0755), 0);
  const std::string path = program(0755, "open/hook");
  chmod((directory_.path() / "open").c_str(), 0777);
  EXPECT_THAT(complaint(path), HasSubstr("where everybody may replace it (mode 0777)"));
  chmod((directory_.path() / "open").c_str(), 01777);
  EXPECT_EQ(complaint(path), "fine");
}

TEST_F(HookChecksTest, KnowsTheAccountsOfTheHost) {
  Hook hook{.events = {}, .command = {"/bin/true"}, .user = "no-such-account"};
  EXPECT_THAT(hook_account(hook).error().message(),
              HasSubstr("there is no account \"no-such-account\""));
  hook.user = "";
  const auto account = hook_account(hook);
  ASSERT_TRUE(account);
  if (geteuid() == 0) {
    ASSERT_TRUE(account->has_value());
    EXPECT_EQ((*account)->name, "nobody");
  } else {
    EXPECT_FALSE(account->has_value());
  }
}

TEST_F(HookChecksTest, OnlyRootRunsProgramsAsSomebodyElse) {
  const Hook hook{.events = {}, .command = {"/bin/true"}, .user = "root"};
  const auto account = hook_account(hook);
  if (geteuid() == 0) {
    ASSERT_TRUE(account);
    EXPECT_EQ((*account)->user, 0U);
  } else {
    EXPECT_THAT(account.error().message(), HasSubstr("was not started as root"));
  }
}

TEST_F(HookChecksTest, SaysEverythingWithItsPlace) {
  const std::vector<Hook> hooks{{.events = {},
                                 .command = {program(0644)},
                                 .user = "no-such-account",
                                 .origin = {"/etc/x.conf", 7}}};
  std::vector<HostFinding> findings;
  check_hooks(hooks, findings);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_TRUE(findings[0].fatal);
  EXPECT_THAT(findings[0].sentence, HasSubstr("in /etc/x.conf:7"));
  EXPECT_TRUE(findings[1].fatal);
}

}  // namespace
}  // namespace ccm::config
