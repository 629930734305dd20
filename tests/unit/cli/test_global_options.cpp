// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cli/application.h"
#include "cli/input/command_tree.h"
#include "cli/input/global_options.h"

namespace ccm::cli {
namespace {

using testing::HasSubstr;

void expect_known(const CLI::App& app, const std::string& path) {
  if (commands_of(app).empty()) {
    EXPECT_TRUE(has_global_use(path)) << path;
  }
  for (const CLI::App* each : commands_of(app)) {
    expect_known(*each, path.empty() ? each->get_name() : path + " " + each->get_name());
  }
}

TEST(GlobalOptions, AreDecidedForEveryCommand) {
  const Application application;
  expect_known(application.commands(), "");
  EXPECT_FALSE(has_global_use("nonsense"));
  EXPECT_FALSE(has_global_use("statuses"));
}

// The options alone, with a command that takes none of its own.
std::string unused(const std::string& command, const std::string& options) {
  CLI::App app;
  GlobalOptions global;
  add_global_options(app, global);
  app.add_subcommand(command)->fallthrough();
  app.parse(command + " " + options);
  return find_unused_option(app, global).value_or("");
}

TEST(GlobalOptions, AreRefusedWhereTheyWouldBeIgnored) {
  EXPECT_EQ(unused("status", "--dry-run"),
            "--dry-run would have no effect: `ccmctl status` has no use for it");
  EXPECT_THAT(unused("history", "--region x"), HasSubstr("--region would have no effect"));
  EXPECT_THAT(unused("agent", "--state-dir /x"), HasSubstr("from the file of --config"));
  EXPECT_THAT(unused("doctor", "--dry-run"), HasSubstr("--offline"));
  EXPECT_THAT(unused("check", "--json"), HasSubstr("`ccmctl verify --json`"));
}

TEST(GlobalOptions, AreTakenWhereTheyCount) {
  EXPECT_EQ(unused("status", "--json --state-dir /x --server nginx --color never"), "");
  EXPECT_EQ(unused("renew", "--dry-run --region x --credentials env"), "");
  EXPECT_EQ(unused("rollback", "--dry-run"), "");
  EXPECT_EQ(unused("forget", "--dry-run --json --state-dir /x"), "");
  EXPECT_THAT(unused("forget", "--region x"), HasSubstr("--region would have no effect"));
  EXPECT_EQ(unused("export", "--dry-run --json"), "");
  EXPECT_EQ(unused("certificates", "--dry-run --scm-endpoint https://x --proxy http://x:1"), "");
}

TEST(GlobalOptions, AreRefusedWhereAnotherOneMakesThemUseless) {
  EXPECT_THAT(unused("revoke", "--profile a --credentials ecs"), HasSubstr("--profile"));
  EXPECT_THAT(unused("revoke", "--metadata-endpoint http://x --credentials env"),
              HasSubstr("--metadata-endpoint"));
  EXPECT_EQ(unused("revoke", "--profile a --credentials file"), "");
  EXPECT_EQ(unused("revoke", "--profile a"), "");
}

}  // namespace
}  // namespace ccm::cli
