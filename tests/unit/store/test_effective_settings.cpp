// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/file.h"
#include "store/host/effective_settings.h"
#include "support/temp_directory.h"

namespace ccm::store {
namespace {

config::Handover handover(config::ServerKind server, const std::string& certificate,
                          const std::string& instance = "00000001",
                          const std::string& place = "/run/server.pid") {
  config::Handover out;
  out.server.kind = server;
  out.server.instance = instance;
  out.server.place = place;
  EXPECT_TRUE(out.settings.set("region", {"ap-southeast-1"}, {}));
  EXPECT_TRUE(out.settings.set("credentials", {"file=/root/credentials"}, {}));
  EXPECT_TRUE(out.settings.add_certificate(certificate, {}));
  EXPECT_TRUE(out.settings.set_in(certificate, "source", {"scm"}, {}));
  EXPECT_TRUE(out.settings.set_in(certificate, "names", {"www.example.com"}, {}));
  return out;
}

class EffectiveSettingsTest : public testing::Test {
 protected:
  void leave(const config::Handover& left) {
    ASSERT_TRUE(write_effective_settings(directory_.path(), left));
  }
  // An agent that lives as long as what is returned.
  Presence live(const config::Handover& left) {
    leave(left);
    Presence presence(directory_.path(), {.server = id_of(left.server)});
    EXPECT_TRUE(presence.claim(now_));
    return presence;
  }
  std::vector<EffectiveSettings> read() {
    auto all = read_effective_settings(directory_.path(), now_);
    EXPECT_TRUE(all) << all.error().message();
    return *std::move(all);
  }
  std::vector<std::string> files() { return *list_directory(directory_.path()); }

  test::TempDirectory directory_;
  SteadyTime now_ = SteadyTime(Seconds(1000));
};

TEST_F(EffectiveSettingsTest, AreThoseOfEveryServerOfTheHost) {
  EXPECT_TRUE(read().empty());
  leave(handover(config::ServerKind::apache, "shop"));
  leave(handover(config::ServerKind::nginx, "old"));
  leave(handover(config::ServerKind::nginx, "www"));
  leave(handover(config::ServerKind::nginx, "mail", "00000002", "/run/second.pid"));
  const auto all = read();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(to_string(all[0].server), "nginx-00000001");
  EXPECT_NE(all[0].config.find("www"), nullptr);
  EXPECT_EQ(all[0].config.find("old"), nullptr) << "the last load counts";
  EXPECT_EQ(to_string(all[1].server), "nginx-00000002");
  EXPECT_NE(all[1].config.find("mail"), nullptr);
  EXPECT_NE(all[2].config.find("shop"), nullptr);
  EXPECT_EQ(all[2].config.global().region, "ap-southeast-1");
}

TEST_F(EffectiveSettingsTest, AreTheOwnersOnlyAndADamagedFileIsNone) {
  leave(handover(config::ServerKind::nginx, "www"));
  const std::string file = (directory_.path() / "settings-nginx-00000001").string();
  struct stat facts {};
  ASSERT_EQ(stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_uid, geteuid());
  EXPECT_EQ(facts.st_mode & 0777U, geteuid() == 0 ? 0640U : 0600U)
      << "root's are for the store's account to read";
  std::ofstream(file) << "something else";
  EXPECT_TRUE(read().empty());
  EXPECT_TRUE(
      problem_of_effective_settings(directory_.path(), {config::ServerKind::nginx, "00000001"}));
}

TEST_F(EffectiveSettingsTest, ThoseOfRunningServersComeFirst) {
  leave(handover(config::ServerKind::nginx, "www"));
  const Presence agent = live(handover(config::ServerKind::apache, "shop"));
  const auto all = read();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].server.kind, config::ServerKind::apache);
  EXPECT_TRUE(all[0].seen.is_alive);
  EXPECT_FALSE(all[1].seen.is_alive);
}

TEST_F(EffectiveSettingsTest, AServerStartedAnewTakesThePlaceOfWhatItWas) {
  leave(handover(config::ServerKind::nginx, "old"));
  const Presence agent = live(handover(config::ServerKind::nginx, "www", "00000002"));
  const auto all = read();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_NE(all[0].config.find("www"), nullptr);
}

TEST_F(EffectiveSettingsTest, TwoRunningServersAtOnePlaceAreBothThere) {
  const Presence old_one = live(handover(config::ServerKind::nginx, "old"));
  const Presence new_one = live(handover(config::ServerKind::nginx, "www", "00000002"));
  EXPECT_EQ(read().size(), 2U);
}

TEST_F(EffectiveSettingsTest, OnlyWhatAPredecessorLeftIsForgotten) {
  const config::Handover own = handover(config::ServerKind::nginx, "www", "00000009");
  { const Presence ended = live(handover(config::ServerKind::nginx, "old", "00000001")); }
  leave(handover(config::ServerKind::nginx, "other", "00000002", "/run/second.pid"));
  leave(handover(config::ServerKind::apache, "shop", "00000003"));
  const Presence living = live(handover(config::ServerKind::nginx, "upgraded", "00000004"));
  const Presence ours = live(own);
  directory_.write("settings-nginx", "of another release");
  forget_predecessors(directory_.path(), own.server, now_);
  EXPECT_THAT(files(),
              testing::UnorderedElementsAre("settings-nginx-00000002", "settings-apache-00000003",
                                            "settings-nginx-00000004", "agent-nginx-00000004",
                                            "settings-nginx-00000009", "agent-nginx-00000009"));
}

TEST(ServerId, IsWhatItsFileIsNamedAfter) {
  for (const char* text : {"nginx", "apache-0123abcd", "agent-00000000"}) {
    const auto id = parse_server_id(text);
    ASSERT_TRUE(id) << text;
    EXPECT_EQ(to_string(*id), text);
  }
  for (const char* text : {"", "iis", "nginx-", "nginx-1", "nginx-0123abcg", "nginx-0123abcd.tmp-1",
                           "nginx-0123ABCD", "nginx0123abcd"}) {
    EXPECT_FALSE(parse_server_id(text)) << text;
  }
}

TEST_F(EffectiveSettingsTest, AreDoubtedWhenNeitherRootNorThisUserWroteThem) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  leave(handover(config::ServerKind::nginx, "www"));
  EXPECT_FALSE(read().at(0).doubt);
  const std::string file = (directory_.path() / "settings-nginx-00000001").string();
  ASSERT_EQ(chmod(file.c_str(), 0660), 0);
  EXPECT_NE(read().at(0).doubt.value().message().find("can be written by others"),
            std::string::npos);
  ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  ASSERT_EQ(chown(file.c_str(), 65534, 65534), 0);
  ASSERT_EQ(read().size(), 1U) << "names and dates are still to be seen";
  EXPECT_NE(read().at(0).doubt.value().message().find("belongs to nobody and not to root"),
            std::string::npos);
}

}  // namespace
}  // namespace ccm::store
