// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "agent/process/server_log.h"
#include "support/temp_directory.h"

namespace ccm::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ServerLogTest : public ::testing::Test {
 protected:
  test::TempDirectory directory_;
  std::filesystem::path path_ = directory_.write("error.log", "what was there\n");
  ServerLog log_{{.kind = config::ServerKind::nginx,
                  .error_log = path_.string(),
                  .log_level = Severity::notice,
                  .launch_id = {}}};
};

TEST_F(ServerLogTest, AppendsWhatTheServersLevelLetsThrough) {
  log_.write({Severity::notice, "one"}, 7);
  log_.write({Severity::info, "two"}, 7);
  EXPECT_THAT(test::read_whole_file(path_),
              AllOf(HasSubstr("what was there\n"), HasSubstr("[notice] 7#7: ccm: one\n"),
                    Not(HasSubstr("two"))));
}

TEST_F(ServerLogTest, WritesObjectsWhenAsked) {
  ServerLog log({.kind = config::ServerKind::apache,
                 .error_log = path_.string(),
                 .logs_json = true,
                 .logs_to_journal = true,
                 .launch_id = {}});
  log.write({Severity::notice, "one"}, 7);
  EXPECT_THAT(test::read_whole_file(path_),
              AllOf(HasSubstr("\n{\"time\":"),
                    HasSubstr(R"("level":"notice","process":7,"message":"one"})")));
}

TEST_F(ServerLogTest, FollowsARotation) {
  log_.write({Severity::error, "before"}, 7);
  std::filesystem::rename(path_, directory_ / "error.log.1");
  log_.write({Severity::error, "between"}, 7);
  directory_.write("error.log", "");
  log_.write({Severity::error, "after"}, 7);
  EXPECT_THAT(test::read_whole_file(directory_ / "error.log.1"),
              AllOf(HasSubstr("before"), HasSubstr("between"), Not(HasSubstr("after"))));
  EXPECT_THAT(test::read_whole_file(path_), HasSubstr("after"));
}

}  // namespace
}  // namespace ccm::agent
