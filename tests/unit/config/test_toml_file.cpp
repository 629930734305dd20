// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "config/input/toml_file.h"
#include "config/sources/scm.h"
#include "support/temp_directory.h"

namespace ccm::config {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

class TomlFile : public testing::Test {
 protected:
  Result<Config> read(const std::string& text) {
    std::ofstream(path_) << text;
    auto settings = read_toml_settings(path_);
    if (!settings) return fail(settings.error());
    return settings->finalize();
  }
  std::string problem(const std::string& text) {
    const auto config = read(text);
    if (config) return "no problem";
    EXPECT_EQ(config.error().kind(), ErrorKind::invalid);
    return config.error().message();
  }

  test::TempDirectory directory_;
  std::string path_ = (directory_.path() / "agent.toml").string();
};

constexpr const char* kCloudTable = "region = 'ap-southeast-1'\ncredentials = 'ecs'\n";

TEST_F(TomlFile, ReadsTheDirectivesOfTheTable) {
  const auto config = read(R"(
# Global
region = "ap-southeast-1"
credentials = ["file=secret/my credentials", "profile=web"]
state_path = "/srv/with blanks/ccm"
concurrent_renewals = 7
keep = 5
stapling = false

[certificate.www]
source = "scm id=scs1"
names = "www.example.com  example.com"
stapling = true

[certificate."app.intra"]
source = ["pca", "issuer=2cb2878b-6cd1-460d-bd25-afe655159bdc"]
names = ["app.intra"]
)");
  ASSERT_TRUE(config) << config.error().message();
  const auto& global = config->global();
  EXPECT_EQ(global.concurrent_renewals, 7U);
  EXPECT_EQ(global.state_path, "/srv/with blanks/ccm");
  const auto& file = std::get<CredentialsFile>(global.credentials);
  EXPECT_EQ(file.path, (directory_.path() / "secret/my credentials").string())
      << "relative to the file";
  EXPECT_EQ(file.profile, "web");
  ASSERT_EQ(config->certificates().size(), 2U);
  const CertificateSpec& www = *config->find("www");
  EXPECT_EQ(www.source.as<ScmSource>().certificate_id, "scs1");
  EXPECT_THAT(www.names, ElementsAre("www.example.com", "example.com"));
  EXPECT_EQ(www.keep, 5U);
  EXPECT_TRUE(www.stapling);
  EXPECT_EQ(www.origin.line, 10U);
  EXPECT_FALSE(config->find("app.intra")->stapling);
}

TEST_F(TomlFile, SaysEverythingInItsOwnLanguage) {
  EXPECT_THAT(
      problem(std::string(kCloudTable) + "[certificate.a]\n"),
      HasSubstr(
          R"(it has no source; write source = "scm [id=ID] [uploads=fallback|on|off] [issuers=NAME|...] [trust=keep|system|any|PATH]" | "pca issuer=ID")"));
  EXPECT_THAT(problem("names = 'a'\n"),
              HasSubstr("\"names\" is not allowed in the top of the file; it belongs in the "
                        "[certificate.NAME] table in " +
                        path_ + ":1"));
  EXPECT_THAT(problem("keep = [1, 2]\n"), HasSubstr("\"keep\"; write keep = \"3\""));
  EXPECT_THAT(problem("\n\nkeep = 1.5\n"), EndsWith(path_ + ":3"));
  EXPECT_THAT(problem("keep = 1\nkeep = 2\n"), HasSubstr(path_ + ":2 (column "));
  EXPECT_THAT(problem("certificate.a = 3\n"), HasSubstr("a certificate is a table"));
  EXPECT_THAT(problem("[certificate.'a b']\n"), HasSubstr("cannot name"));
}

TEST_F(TomlFile, TakesNoFileThatIsNotThere) {
  const auto settings = read_toml_settings(path_ + "x");
  ASSERT_FALSE(settings);
  EXPECT_THAT(settings.error().message(), HasSubstr("No such file"));
}

}  // namespace
}  // namespace ccm::config
