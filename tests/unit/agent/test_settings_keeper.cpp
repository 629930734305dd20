// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "agent/settings_keeper.h"
#include "store/host/effective_settings.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"

namespace ccm::agent {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

config::Handover handover(const std::string& region) {
  config::Handover out;
  out.server.kind = config::ServerKind::nginx;
  EXPECT_TRUE(out.settings.set("region", {region}, {}));
  EXPECT_TRUE(out.settings.set("credentials", {"ecs"}, {}));
  EXPECT_TRUE(out.settings.add_certificate("www", {}));
  EXPECT_TRUE(out.settings.set_in("www", "source", {"scm"}, {}));
  EXPECT_TRUE(out.settings.set_in("www", "names", {"www.example.com"}, {}));
  return out;
}

class SettingsKeeperTest : public testing::Test {
 protected:
  std::string state() const { return directory_.path().string(); }
  std::string region() const {
    const auto all = store::read_effective_settings(state(), SteadyTime());
    return all && all->size() == 1 ? all->front().config.global().region : "";
  }
  fs::path file() const {
    return store::effective_settings_path(state(), {config::ServerKind::nginx, {}});
  }

  void look_later() { keeper_.look(now_ += SettingsKeeper::kPause); }

  SteadyTime now_{};
  test::TempDirectory directory_;
  test::MemoryLog log_;
  SettingsKeeper keeper_{state(), handover("ap-southeast-1"), log_};
};

TEST_F(SettingsKeeperTest, WritesWhatIsNewEvenWhereOldSettingsLie) {
  ASSERT_TRUE(store::write_effective_settings(state(), handover("ap-southeast-3")));
  keeper_.look(now_);
  EXPECT_EQ(region(), "ap-southeast-1");
  EXPECT_TRUE(keeper_.is_at_rest());
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(SettingsKeeperTest, TriesUntilItWorksAndSaysSoOnce) {
  fs::remove_all(directory_.path());
  for (int i = 0; i < 3; ++i) look_later();
  EXPECT_FALSE(keeper_.is_at_rest());
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("another agent does not know its certificates")));
  EXPECT_EQ(log_.errors().size(), 1U);
  fs::create_directory(directory_.path());
  keeper_.look(now_);
  EXPECT_FALSE(keeper_.is_at_rest()) << "whatever wakes it";
  look_later();
  EXPECT_TRUE(keeper_.is_at_rest());
  EXPECT_EQ(region(), "ap-southeast-1");
  EXPECT_THAT(log_.lines(Severity::notice),
              ElementsAre(HasSubstr("are in the state directory now")));
}

TEST_F(SettingsKeeperTest, WritesAgainWhatSomebodyRemoved) {
  keeper_.look(now_);
  fs::remove(file());
  keeper_.look(now_);
  EXPECT_FALSE(keeper_.is_at_rest());
  look_later();
  EXPECT_EQ(region(), "ap-southeast-1");
  EXPECT_TRUE(keeper_.is_at_rest());
}

// Root's own, which ccmctl believes.
TEST_F(SettingsKeeperTest, LeavesWhatSomebodyPutsBack) {
  keeper_.look(now_);
  fs::remove(file());
  keeper_.look(now_);
  ASSERT_TRUE(store::write_effective_settings(state(), handover("ap-southeast-3")));
  for (int i = 0; i < 3; ++i) look_later();
  EXPECT_EQ(region(), "ap-southeast-3");
  EXPECT_TRUE(keeper_.is_at_rest());
}

}  // namespace
}  // namespace ccm::agent
