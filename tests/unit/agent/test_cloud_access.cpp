// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <vector>

#include "agent/cloud/cloud_access.h"
#include "config/input/settings.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/scripted_http.h"
#include "support/temp_directory.h"

namespace ccm::agent {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kGood = "[global]\nak = A\nsk = S\n";
// As far as an editor that died has come.
constexpr const char* kHalf = "[global]\nak = A\nsk";

class CloudAccessTest : public testing::Test {
 protected:
  std::string file(const char* name, const char* text) {
    const std::filesystem::path path = directory_.write(name, text);
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    return path.string();
  }
  CloudAccess read(const std::map<std::string, std::vector<std::string>>& values) {
    config::Settings settings;
    for (const auto& [key, value] : values) EXPECT_TRUE(settings.set(key, value, {})) << key;
    EXPECT_TRUE(settings.set("region", {"ap-southeast-1"}, {}));
    EXPECT_TRUE(settings.set("user", {"root"}, {}));
    EXPECT_TRUE(settings.set("state_path", {(directory_ / "state").string()}, {}));
    const auto config = settings.finalize();
    EXPECT_TRUE(config) << config.error().message();
    return read_cloud_access(*config, log_);
  }
  Result<std::shared_ptr<const cloud::Credentials>> current(CloudAccess access) {
    test::ScriptedHttp http;
    return make_provider(std::move(access.credentials), http, clock_, "http://127.0.0.1")
        ->current();
  }

  test::TempDirectory directory_;
  test::MemoryLog log_;
  test::FakeClock clock_;
};

TEST_F(CloudAccessTest, IsReadWholeWhereAllIsGood) {
  const CloudAccess access = read({{"credentials", {"file=" + file("credentials", kGood)}}});
  EXPECT_FALSE(access.trouble());
  EXPECT_TRUE(current(read({{"credentials", {"file=" + file("credentials", kGood)}}})));
}

TEST_F(CloudAccessTest, WhatIsHalfWrittenIsTheErrorOfEachCallAndOfNothingElse) {
  CloudAccess access = read({{"credentials", {"file=" + file("credentials", kHalf)}}});
  ASSERT_TRUE(access.trouble());
  EXPECT_THAT(access.trouble()->message(),
              AllOf(HasSubstr("credentials file " + (directory_ / "credentials").string()),
                    HasSubstr("line 3")));
  EXPECT_TRUE(access.ca_pem);
  const auto refused = current(std::move(access));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::rejected);
  EXPECT_THAT(refused.error().message(), HasSubstr("line 3"));
}

// Not the system's authorities in their place.
TEST_F(CloudAccessTest, AnEmptiedFileOfAuthoritiesTrustsNobody) {
  for (const char* text : {"", "\n", "# none\n"}) {
    CloudAccess access = read({{"credentials", {"file=" + file("credentials", kGood)}},
                               {"ssl_trusted_certificate", {file("authorities", text)}}});
    ASSERT_TRUE(access.trouble());
    EXPECT_THAT(access.trouble()->message(), AllOf(HasSubstr((directory_ / "authorities").string()),
                                                   HasSubstr("hold no certificate in PEM form")));
    EXPECT_FALSE(access.can_call());
  }
  EXPECT_FALSE(read({{"credentials", {"file=" + file("credentials", kGood)}}}).trouble());
}

TEST_F(CloudAccessTest, NamesAllThatIsBadAtOnce) {
  const CloudAccess access =
      read({{"credentials", {"file=" + (directory_ / "none").string()}},
            {"ssl_trusted_certificate", {file("ca.pem", "nothing")}},
            {"proxy", {"http://proxy.example:3128", "file=" + file("proxy", "nobody")}}});
  ASSERT_TRUE(access.trouble());
  EXPECT_THAT(access.trouble()->message(),
              AllOf(HasSubstr("none: No such file"), HasSubstr("ca.pem"),
                    HasSubstr("no certificate in PEM form"), HasSubstr("proxy")));
}

TEST_F(CloudAccessTest, AClientThatCannotBeMadeRefusesEachCall) {
  const CloudAccess access =
      read({{"credentials", {"ecs"}}, {"ssl_trusted_certificate", {file("ca.pem", "nothing")}}});
  const auto client = make_cloud_client(access, "");
  const auto refused =
      client->send({.method = "GET", .url = "https://cloud.example", .headers = {}, .body = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::rejected);
  EXPECT_THAT(refused.error().message(), HasSubstr("ca.pem"));
}

}  // namespace
}  // namespace ccm::agent
