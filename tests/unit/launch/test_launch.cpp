// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/system_call_numbers.h"
#include "launch/launch.h"
#include "support/denied_calls.h"
#include "support/temp_directory.h"

namespace ccm::launch {
namespace {

using ::testing::HasSubstr;

class LaunchTest : public ::testing::Test {
 protected:
  std::string add_program(std::string_view name, std::string_view text = "") {
    const std::filesystem::path path = directory_.write(name, text);
    std::filesystem::permissions(path, std::filesystem::perms(0755));
    return path.string();
  }
  // What the shell script leaves in its file once it has ended.
  std::string run(const std::string& script) {
    const std::string program = add_program("agent", "#!/bin/sh\nexec 2>/dev/null\n" + script);
    const Result<Launched> launched = launch({.program = program,
                                              .segment = segment_.get(),
                                              .handover = handover_,
                                              .log_descriptor = -1});
    EXPECT_TRUE(launched) << launched.error().message();
    if (!launched) return "";
    EXPECT_EQ(waitpid(launched->pid, nullptr, 0), launched->pid);
    return test::read_whole_file(directory_ / "out");
  }
  std::string out() const { return (directory_ / "out").string(); }

  test::TempDirectory directory_;
  FileDescriptor segment_{memfd_create("segment", MFD_CLOEXEC)};
  config::Handover handover_;
};

TEST_F(LaunchTest, HandsOnThreeDescriptorsAndNoOther) {
  const FileDescriptor inheritable(dup(segment_.get()));
  // sh opens its script on one more, so the shell lists those of a child.
  const std::string descriptors = run("ls -l /proc/self/fd > " + out());
  for (const char* expected :
       {"0 -> /dev/null", "3 -> /memfd:segment", "4 -> socket:", "5 -> /memfd:ccm-settings"}) {
    EXPECT_THAT(descriptors, HasSubstr(expected));
  }
  EXPECT_EQ(descriptors.find("memfd:segment"), descriptors.rfind("memfd:segment"));
}

TEST_F(LaunchTest, TakesAPipeForTheLifelineAndAFileForTheSettingsWhereItMust) {
  const std::string program =
      add_program("agent", "#!/bin/sh\nexec 2>/dev/null\nls -l /proc/self/fd > " + out());
  const auto start = [&] {
    const Result<Launched> launched = launch({.program = program,
                                              .segment = segment_.get(),
                                              .handover = handover_,
                                              .log_descriptor = -1});
    return launched && waitpid(launched->pid, nullptr, 0) == launched->pid ? 0 : 1;
  };
  const std::vector<test::Denial> denials{
      {SYS_socketpair, EAFNOSUPPORT}, {SYS_memfd_create, EPERM}, {calls::kCloseRange, ENOSYS}};
  const FileDescriptor inheritable(dup(segment_.get()));
  ASSERT_EQ(test::in_child_without(denials, start), 0);
  const std::string descriptors = test::read_whole_file(directory_ / "out");
  for (const char* expected : {"3 -> /memfd:segment", "4 -> pipe:", "5 -> /dev/shm/"}) {
    EXPECT_THAT(descriptors, HasSubstr(expected));
  }
  EXPECT_EQ(descriptors.find("memfd:segment"), descriptors.rfind("memfd:segment"));
}

TEST_F(LaunchTest, HandsOnNoEnvironmentButTheTimeZone) {
  setenv("HUAWEICLOUD_SDK_SK", "secret", 1);
  setenv("TZ", "UTC", 1);
  const std::string variables = run("env > " + out());
  unsetenv("HUAWEICLOUD_SDK_SK");
  EXPECT_THAT(variables, HasSubstr("TZ=UTC\n"));
  EXPECT_EQ(variables.find("secret"), std::string::npos);
}

TEST_F(LaunchTest, HandsOnTheSettings) {
  handover_.server.launch_id = "launch-7";
  EXPECT_THAT(run("cat /proc/self/fd/5 > " + out()), HasSubstr("launch-7"));
}

TEST_F(LaunchTest, ReportsAProgramThatCannotBeExecuted) {
  for (const std::string& program : {(directory_ / "absent").string(), directory_.path().string(),
                                     directory_.write("not-executable", "x").string()}) {
    const Result<Launched> launched = launch({.program = program,
                                              .segment = segment_.get(),
                                              .handover = handover_,
                                              .log_descriptor = -1});
    ASSERT_FALSE(launched) << program;
    EXPECT_THAT(launched.error().message(), HasSubstr(program));
  }
  // Nothing is left to be waited for.
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(LaunchTest, ReportsThatDescriptorsCannotBeHandedOver) {
  const std::string program = add_program("agent", "#!/bin/sh\nexit 0\n");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{.rlim_cur = 20, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const Result<Launched> launched = launch(
      {.program = program, .segment = segment_.get(), .handover = handover_, .log_descriptor = -1});
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(launched);
  EXPECT_THAT(launched.error().message(), HasSubstr("starting the agent " + program));
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(LaunchTest, AsksTheProgramAndUnderstandsItsAnswer) {
  handover_.server.launch_id = "launch-7";
  const std::string program =
      add_program("agent",
                  "#!/bin/sh\ntest \"$1\" = --check && grep -q launch-7 /proc/self/fd/5 &&"
                  " printf 'doubt: a sentence\\nend\\n'\n");
  const auto findings = inquire(program, handover_);
  ASSERT_TRUE(findings) << findings.error().message();
  ASSERT_EQ(findings->size(), 1U);
  EXPECT_FALSE((*findings)[0].fatal);
  EXPECT_EQ((*findings)[0].sentence, "a sentence");
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "it is waited for";
}

TEST_F(LaunchTest, AnotherReleaseOfTheProgramGivesNoAnswer) {
  const std::string program =
      add_program("agent", "#!/bin/sh\necho '--check: unknown' >&2\nexit 109\n");
  const auto findings = inquire(program, handover_);
  ASSERT_FALSE(findings);
  EXPECT_THAT(findings.error().message(), HasSubstr("another release"));
}

TEST_F(LaunchTest, FindsTheAgentBesideTheModuleOrInBin) {
  const std::string module = (directory_ / "modules/ngx.so").string();
  const std::string in_bin = add_program("bin/ccm-agent");
  directory_.write("modules/ngx.so", "");
  EXPECT_TRUE(std::filesystem::equivalent(find_agent("", module).value(), in_bin));
  const std::string beside = add_program("modules/ccm-agent");
  EXPECT_EQ(find_agent("", module).value(), beside);
  EXPECT_EQ(find_agent(in_bin, module).value(), in_bin);
}

// `cmake --install --prefix` may choose another prefix than the one that was configured.
TEST_F(LaunchTest, FindsTheInstalledAgentUnderThePrefixOfTheModule) {
  const std::string agent = add_program("libexec/ccm/ccm-agent");
  for (const char* place :
       {"lib/nginx/modules/ngx.so", "lib/apache2/modules/mod.so", "bin/ccmctl"}) {
    directory_.write(place, "");
    const Result<std::string> found = find_agent("", (directory_ / place).string());
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_TRUE(std::filesystem::equivalent(*found, agent)) << place;
  }
}

TEST_F(LaunchTest, NamesThePlacesWhereNoAgentIs) {
  const Result<std::string> found = find_agent("/nowhere/ccm-agent", "/lib/ngx.so");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(found.error().message(), HasSubstr("/nowhere/ccm-agent"));
}

}  // namespace
}  // namespace ccm::launch
