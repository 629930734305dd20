// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "agent/monitor/watched_files.h"
#include "support/temp_directory.h"

namespace ccm::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WatchedFilesTest : public ::testing::Test {
 protected:
  std::string path(const char* name) const { return (directory_ / name).string(); }
  void replace(const char* name, const char* text) {
    directory_.write("new", text);
    fs::rename(path("new"), path(name));
  }
  WatchedFiles watch() const {
    config::GlobalConfig global;
    global.credentials = config::CredentialsFile{.path = path("credentials"), .profile = {}};
    global.proxy_credentials = path("proxy");
    global.trusted_certificate = path("trusted");
    return WatchedFiles(global);
  }

  test::TempDirectory directory_;
};

TEST_F(WatchedFilesTest, TellsEachChangeOnce) {
  for (const char* name : {"credentials", "proxy", "trusted"}) directory_.write(name, "1");
  WatchedFiles files = watch();
  EXPECT_THAT(files.changed(), IsEmpty());
  for (const char* name : {"credentials", "proxy", "trusted"}) {
    replace(name, "2");
    EXPECT_THAT(files.changed(), ElementsAre(path(name)));
    EXPECT_THAT(files.changed(), IsEmpty());
  }
  directory_.write("proxy", "as long as before, but it is written in place");
  EXPECT_THAT(files.changed(), ElementsAre(path("proxy")));
}

TEST_F(WatchedFilesTest, KnowWhatLeadsToTheFleet) {
  const std::vector<const char*> names{"key", "ca", "certificate", "certificate-key", "login"};
  for (const char* name : names) directory_.write(name, "1");
  config::GlobalConfig global;
  global.fleet = config::FleetConfig{.endpoints = {},
                                     .name = "web",
                                     .key_file = path("key"),
                                     .ca_file = path("ca"),
                                     .certificate_file = path("certificate"),
                                     .certificate_key_file = path("certificate-key"),
                                     .login_file = path("login")};
  WatchedFiles files(global);
  for (const char* name : names) {
    replace(name, "22");
    EXPECT_THAT(files.changed(), ElementsAre(path(name)));
  }
}

TEST_F(WatchedFilesTest, OneThatGoesOrComesBackCounts) {
  directory_.write("credentials", "1");
  WatchedFiles files = watch();
  fs::rename(path("credentials"), path("away"));
  EXPECT_THAT(files.changed(), ElementsAre(path("credentials")));
  EXPECT_THAT(files.changed(), IsEmpty());
  fs::rename(path("away"), path("credentials"));
  EXPECT_THAT(files.changed(), ElementsAre(path("credentials")));
  replace("credentials", "22");
  directory_.write("trusted", "it was not there at all");
  EXPECT_THAT(files.changed(), ElementsAre(path("credentials"), path("trusted")));
}

TEST_F(WatchedFilesTest, ThatItMayBeReadNowCounts) {
  directory_.write("credentials", "1");
  fs::permissions(path("credentials"), fs::perms::none);
  WatchedFiles files = watch();
  fs::permissions(path("credentials"), fs::perms::owner_read);
  EXPECT_THAT(files.changed(), ElementsAre(path("credentials")));
  EXPECT_THAT(files.changed(), IsEmpty());
}

// What an orchestrator exchanges is a link above the file.
TEST_F(WatchedFilesTest, LinksAreFollowed) {
  directory_.write("one/credentials", "1");
  directory_.write("two/credentials", "1");
  fs::create_symlink("one", path("data"));
  fs::create_symlink("data/credentials", path("credentials"));
  WatchedFiles files = watch();
  EXPECT_THAT(files.changed(), IsEmpty());
  fs::create_symlink("two", path("data-new"));
  fs::rename(path("data-new"), path("data"));
  EXPECT_THAT(files.changed(), ElementsAre(path("credentials")));
}

TEST(WatchedFiles, WithoutFilesThereIsNothingToSay) {
  config::GlobalConfig global;
  global.credentials = config::CredentialsEcs{};
  EXPECT_THAT(WatchedFiles(global).changed(), IsEmpty());
}

}  // namespace
}  // namespace ccm::agent
