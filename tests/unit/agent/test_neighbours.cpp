#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>

#include "agent/neighbours.h"
#include "lifecycle/effective_settings.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"

namespace ccm::agent {
namespace {

using config::ServerKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

config::Settings settings(const std::vector<std::string>& names,
                          const std::string& region = "ap-southeast-1",
                          const std::string& validity = "90d") {
  config::Settings settings;
  EXPECT_TRUE(settings.set("credentials", {"ecs"}, {}));
  EXPECT_TRUE(settings.set("region", {region}, {}));
  for (const std::string& name : names) {
    EXPECT_TRUE(settings.add_certificate(name, {}));
    EXPECT_TRUE(settings.set_in(name, "source",
                                {"pca", "issuer=2cb2878b-6cd1-460d-bd25-afe655159bdc"}, {}));
    EXPECT_TRUE(settings.set_in(name, "names", {name + ".example.com"}, {}));
    EXPECT_TRUE(settings.set_in(name, "validity", {validity}, {}));
  }
  return settings;
}

class NeighboursTest : public testing::Test {
 protected:
  void leave(ServerKind server, const config::Settings& left) {
    config::Handover handover;
    handover.server.kind = server;
    handover.settings = left;
    ASSERT_TRUE(lifecycle::write_effective_settings(state_.path(), handover));
  }
  std::vector<std::string> joined_names() {
    std::vector<std::string> names;
    const config::Config joined = neighbours_.joined(now_);
    for (const auto& spec : joined.certificates()) names.push_back(spec.name);
    return names;
  }

  test::TempDirectory state_;
  test::MemoryLog log_;
  // The files' times are the system's.
  Time now_ =
      std::chrono::floor<Seconds>(std::chrono::system_clock::from_time_t(std::time(nullptr)));
  config::Config own_ = settings({"b", "shared"}).finalize().value();
  Neighbours neighbours_{state_.path(), ServerKind::nginx, own_, log_};
};

TEST_F(NeighboursTest, AloneThereIsOnlyTheOwnConfiguration) {
  leave(ServerKind::nginx, settings({"b", "old"}));
  EXPECT_THAT(joined_names(), ElementsAre("b", "shared"));
  EXPECT_FALSE(neighbours_.have_changed(now_));
}

TEST_F(NeighboursTest, TakesOverWhatOnlyTheOtherServerNames) {
  leave(ServerKind::apache, settings({"c", "a", "shared"}));
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "c", "shared"));
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(NeighboursTest, TakesOverWhatAnAgentWithoutAServerNames) {
  leave(ServerKind::none, settings({"mail"}));
  leave(ServerKind::apache, settings({"a"}));
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "mail", "shared"));
}

TEST_F(NeighboursTest, NoticesANewServerAndOneThatChanges) {
  EXPECT_THAT(joined_names(), ElementsAre("b", "shared"));
  leave(ServerKind::apache, settings({"a"}));
  EXPECT_TRUE(neighbours_.have_changed(now_));
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "shared"));
  EXPECT_FALSE(neighbours_.have_changed(now_));
  leave(ServerKind::apache, settings({"a"}, "ap-southeast-1", "30d"));
  EXPECT_TRUE(neighbours_.have_changed(now_));
}

TEST_F(NeighboursTest, WhatWasWrittenAgainAndMeansTheSameIsNoChange) {
  leave(ServerKind::apache, settings({"a"}));
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "shared"));
  leave(ServerKind::apache, settings({"a", "shared"}));
  EXPECT_FALSE(neighbours_.have_changed(now_));
}

TEST_F(NeighboursTest, AServerThatIsGoneIsForgotten) {
  leave(ServerKind::apache, settings({"a"}));
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "shared"));
  now_ += Neighbours::kLife + Seconds(5);
  EXPECT_TRUE(neighbours_.have_changed(now_));
  EXPECT_THAT(joined_names(), ElementsAre("b", "shared"));
}

TEST_F(NeighboursTest, ASignOfLifeKeepsItKnown) {
  leave(ServerKind::apache, settings({"a"}));
  const std::string path = lifecycle::effective_settings_path(state_.path(), ServerKind::apache);
  const timespec long_ago{now_.time_since_epoch().count() - 2 * Neighbours::kLife.count(), 0};
  const timespec times[] = {long_ago, long_ago};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  EXPECT_THAT(joined_names(), ElementsAre("b", "shared"));
  lifecycle::touch_effective_settings(state_.path(), ServerKind::apache);
  EXPECT_TRUE(neighbours_.have_changed(now_));
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "shared"));
}

TEST_F(NeighboursTest, SaysWhatIsSetDifferently) {
  leave(ServerKind::apache, settings({"shared"}, "ap-southeast-1", "30d"));
  EXPECT_THAT(joined_names(), ElementsAre("b", "shared"));
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("\"shared\" is set differently for apache")));
}

TEST_F(NeighboursTest, LeavesACertificateOfAnotherCloudAlone) {
  leave(ServerKind::apache, settings({"a"}, "cn-north-4"));
  EXPECT_THAT(joined_names(), ElementsAre("b", "shared"));
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("a state directory of its own")));
  EXPECT_FALSE(neighbours_.have_changed(now_));
}

}  // namespace
}  // namespace ccm::agent
