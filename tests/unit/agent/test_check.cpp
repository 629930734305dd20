// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "agent/cloud/check.h"
#include "config/input/settings.h"
#include "support/temp_directory.h"
#include "support/test_pki.h"

namespace ccm::agent {
namespace {

using config::HostFinding;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

auto fatal(const std::string& text) {
  return AllOf(Field(&HostFinding::fatal, true), Field(&HostFinding::sentence, HasSubstr(text)));
}
auto warning(const std::string& text) {
  return AllOf(Field(&HostFinding::fatal, false), Field(&HostFinding::sentence, HasSubstr(text)));
}

class CheckTest : public testing::Test {
 protected:
  // Findings of a configuration with one certificate from SCM, but for what `changed` says.
  std::vector<HostFinding> findings(const std::map<std::string, std::string>& changed,
                                    const std::string& parameter = "uploads=fallback") {
    std::map<std::string, std::string> all{{"credentials", "ecs"},
                                           {"region", "ap-southeast-1"},
                                           {"user", "root"},
                                           {"state_path", (directory_ / "state").string()}};
    for (const auto& [key, value] : changed) all[key] = value;
    config::Settings settings;
    for (const auto& [key, value] : all) EXPECT_TRUE(settings.set(key, {value}, {})) << key;
    EXPECT_TRUE(settings.add_certificate("a", {}));
    EXPECT_TRUE(settings.set_in("a", "source", {"scm", parameter}, {}));
    EXPECT_TRUE(settings.set_in("a", "names", {"a.example"}, {}));
    const auto config = settings.finalize();
    EXPECT_TRUE(config) << config.error().message();
    return config ? check_work(*config) : std::vector<HostFinding>{};
  }
  std::vector<HostFinding> with_credentials(std::string_view text) {
    const std::filesystem::path path = directory_.write("credentials", text);
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    return findings({{"credentials", "file=" + path.string()}});
  }

  test::TempDirectory directory_;
};

TEST_F(CheckTest, FindsNothingWhereAllIsWellAndMakesNothing) {
  EXPECT_THAT(findings({}), IsEmpty());
  EXPECT_THAT(with_credentials("[global]\nak = A\nsk = S\n"), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(directory_ / "state"));
}

TEST_F(CheckTest, TheAgentsAccountMustReadTheFileOfASourcesTrust) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to act as somebody else";
  const std::filesystem::path roots = directory_.write(
      "roots.pem", test::make_test_self_signed({.names = {"ca.example"}}).certificate.to_pem());
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  const auto with_mode = [&](unsigned mode) {
    std::filesystem::permissions(roots, std::filesystem::perms(mode));
    return findings({{"user", "nobody"}}, "trust=" + roots.string());
  };
  EXPECT_THAT(with_mode(0644), IsEmpty());
  EXPECT_THAT(with_mode(0600), ElementsAre(fatal("cannot be read by the agent's account "
                                                 "\"nobody\"")));
}

TEST_F(CheckTest, ReadsTheCredentials) {
  EXPECT_THAT(with_credentials("[global]\nak = A\nsk =\n"),
              ElementsAre(fatal("the sk is missing")));
  EXPECT_THAT(with_credentials("[other]\nak = A\nsk = S\n"),
              ElementsAre(fatal("has no section [global] or [basic]")));
  EXPECT_THAT(with_credentials("[global]\nak = \"A\"\nsk = S\n"), ElementsAre(fatal("in quotes")));
  EXPECT_THAT(with_credentials("ak = A\n"), ElementsAre(fatal("line 1")));
}

TEST_F(CheckTest, TakesATrustFileThatTheClientTakes) {
  const std::string pem =
      test::make_test_self_signed({.names = {"ca.example"}}).certificate.to_pem();
  std::string spread = pem;
  spread.insert(spread.find('\n', 40) + 1, "\n\n");
  const auto with_trust = [&](std::string_view text) {
    return findings({{"ssl_trusted_certificate", directory_.write("ca.pem", text).string()}});
  };
  EXPECT_THAT(with_trust(spread), IsEmpty());
  EXPECT_THAT(with_trust("nothing"), ElementsAre(fatal("no certificate in PEM form")));
}

TEST_F(CheckTest, GuessesTheRegion) {
  EXPECT_THAT(findings({{"region", "ap-southeast-l"}}),
              ElementsAre(AllOf(warning("\"ap-southeast-l\" is not known"),
                                warning("did you mean \"ap-southeast-1\""))));
  EXPECT_THAT(findings({{"region", "ru-moscow-1"}}), ElementsAre(warning("no SCM is known in")));
  // Where an endpoint is given, nothing depends on it.
  EXPECT_THAT(findings({{"region", "home"}, {"scm_endpoint", "https://scm.example.com"}}),
              IsEmpty());
}

TEST_F(CheckTest, NothingIsStoredInAFile) {
  const std::string file = directory_.write("file", "").string();
  EXPECT_THAT(findings({{"state_path", file}}), ElementsAre(fatal("is not a directory")));
  EXPECT_THAT(findings({{"state_path", file + "/state"}}),
              ElementsAre(fatal("there is a file above it")));
}

TEST_F(CheckTest, TakesNoDirectoryThatHoldsSomethingElse) {
  directory_.write("state/shadow", "x");
  const std::string state = (directory_ / "state").string();
  EXPECT_THAT(findings({{"state_path", state}}),
              ElementsAre(fatal("holds \"shadow\" and was not made by this program")));
  EXPECT_THAT(findings({{"state_path", "/etc"}}), ElementsAre(fatal("a directory of the system")));
}

TEST_F(CheckTest, SeesAStateDirectoryOfSomebodyElse) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can make one";
  const std::string state = (directory_ / "state").string();
  ASSERT_TRUE(std::filesystem::create_directory(state));
  ASSERT_EQ(chown(state.c_str(), 12345, 12345), 0);
  EXPECT_THAT(findings({{"user", "nobody"}}), ElementsAre(warning("belongs to user 12345")));
}

}  // namespace
}  // namespace ccm::agent
