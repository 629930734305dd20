// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "agent/neighbours.h"
#include "store/host/effective_settings.h"
#include "support/fake_clock.h"
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
                          const std::string& validity = "90d",
                          const std::string& credentials = "ecs") {
  config::Settings settings;
  EXPECT_TRUE(settings.set("credentials", {credentials}, {}));
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
  // What an agent leaves while it lives, or has left.
  void leave(ServerKind server, const config::Settings& left, const std::string& instance = {},
             const std::string& place = {}) {
    config::Handover handover;
    handover.server.kind = server;
    handover.server.instance = instance;
    handover.server.place = place;
    handover.settings = left;
    ASSERT_TRUE(store::write_effective_settings(state_.path(), handover));
    const store::ServerId id = store::id_of(handover.server);
    agents_.try_emplace(id, state_.path(), store::Presence::Facts{.server = id});
    ASSERT_TRUE(agents_.at(id).claim(clock_.steady_now()));
  }
  void kill(ServerKind server, const std::string& instance = {}) {
    ASSERT_EQ(agents_.erase({server, instance}), 1U);
  }
  std::vector<std::string> joined_names() {
    std::vector<std::string> names;
    const config::Config joined = neighbours_.joined();
    for (const auto& spec : joined.certificates()) names.push_back(spec.name);
    return names;
  }

  test::TempDirectory state_;
  test::MemoryLog log_;
  // The files' times are the system's.
  test::FakeClock clock_{
      std::chrono::floor<Seconds>(std::chrono::system_clock::from_time_t(std::time(nullptr)))};
  std::map<store::ServerId, store::Presence> agents_;
  config::Config own_ = settings({"b", "shared"}).finalize().value();
  fleet::FleetRoster roster_;
  Neighbours neighbours_{
      {state_.path(), {ServerKind::nginx, "00000001"}, own_, roster_, clock_, log_}};
};

TEST_F(NeighboursTest, AloneThereIsOnlyTheOwnConfiguration) {
  leave(ServerKind::nginx, settings({"b", "old"}), "00000001");
  EXPECT_THAT(joined_names(), ElementsAre("b", "shared"));
  EXPECT_FALSE(neighbours_.have_changed());
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
  EXPECT_TRUE(neighbours_.have_changed());
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "shared"));
  EXPECT_FALSE(neighbours_.have_changed());
  leave(ServerKind::apache, settings({"a"}, "ap-southeast-1", "30d"));
  EXPECT_TRUE(neighbours_.have_changed());
}

TEST_F(NeighboursTest, WhatWasWrittenAgainAndMeansTheSameIsNoChange) {
  leave(ServerKind::apache, settings({"a"}));
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "shared"));
  leave(ServerKind::apache, settings({"a", "shared"}));
  EXPECT_FALSE(neighbours_.have_changed());
}

TEST_F(NeighboursTest, TakesOverWhatAnotherServerOfItsKindNames) {
  leave(ServerKind::nginx, settings({"b", "old"}), "00000001");
  leave(ServerKind::nginx, settings({"a", "shared"}), "00000002");
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "shared"));
  leave(ServerKind::nginx, settings({"c"}), "00000003");
  EXPECT_TRUE(neighbours_.have_changed());
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "c", "shared"));
}

TEST_F(NeighboursTest, AServerThatIsGoneIsForgottenAfterAWhile) {
  leave(ServerKind::apache, settings({"a"}));
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "shared"));
  clock_.advance(store::kServerGrace + Seconds(5));
  EXPECT_FALSE(neighbours_.have_changed()) << "it lives, however long ago it wrote";
  kill(ServerKind::apache);
  EXPECT_TRUE(neighbours_.have_changed());
  EXPECT_THAT(joined_names(), ElementsAre("b", "shared"));
}

TEST_F(NeighboursTest, AnAgentThatJustDiedIsExpectedBack) {
  leave(ServerKind::apache, settings({"a"}));
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "shared"));
  kill(ServerKind::apache);
  EXPECT_FALSE(neighbours_.have_changed());
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "shared"));
}

TEST_F(NeighboursTest, AServerThatWasStartedAnewIsNotLookedAfterTwice) {
  leave(ServerKind::apache, settings({"a"}), "00000002", "/run/httpd.pid");
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "shared"));
  kill(ServerKind::apache, "00000002");
  leave(ServerKind::apache, settings({"c"}), "00000003", "/run/httpd.pid");
  EXPECT_TRUE(neighbours_.have_changed());
  EXPECT_THAT(joined_names(), ElementsAre("b", "c", "shared"));
}

TEST_F(NeighboursTest, SaysWhichServerOfItsKindSetsACertificateDifferently) {
  leave(ServerKind::nginx, settings({"shared"}, "ap-southeast-1", "30d"), "00000002");
  EXPECT_THAT(joined_names(), ElementsAre("b", "shared"));
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("set differently for the other nginx")));
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
  EXPECT_FALSE(neighbours_.have_changed());
}

// As the servers of other hosts in a fleet.
fleet::DistantServer distant(const std::string& host, const config::Settings& settings) {
  return {.host = host,
          .server = {ServerKind::apache, "0000000a"},
          .config = std::make_shared<const config::Config>(settings.finalize().value())};
}

TEST_F(NeighboursTest, TakesOverWhatOnlyAnotherHostOfTheFleetNames) {
  leave(ServerKind::apache, settings({"a"}));
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "shared"));
  roster_.replace({distant("web-2", settings({"c", "shared"})), distant("web-3", settings({"d"}))});
  EXPECT_TRUE(neighbours_.have_changed());
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "c", "d", "shared"));
  roster_.replace({distant("web-2", settings({"c", "shared"})), distant("web-3", settings({"d"}))});
  EXPECT_FALSE(neighbours_.have_changed()) << "the same in other words";
  roster_.replace({distant("web-2", settings({"c"}))});
  EXPECT_TRUE(neighbours_.have_changed());
  EXPECT_THAT(joined_names(), ElementsAre("a", "b", "c", "shared"));
  EXPECT_THAT(log_.lines(), IsEmpty());
}

TEST_F(NeighboursTest, AnotherHostHasItsCredentialsInFilesOfItsOwn) {
  roster_.replace(
      {distant("web-2", settings({"c"}, "ap-southeast-1", "90d", "file=/etc/elsewhere"))});
  EXPECT_THAT(joined_names(), ElementsAre("b", "c", "shared"));
}

TEST_F(NeighboursTest, SaysWhatOfAnotherHostIsLeftOut) {
  roster_.replace({distant("web-2", settings({"c"}, "cn-north-4")),
                   distant("web-3", settings({"d", "shared"})),
                   distant("web-4", settings({"d"}, "ap-southeast-1", "30d"))});
  EXPECT_THAT(joined_names(), ElementsAre("b", "d", "shared"));
  EXPECT_THAT(
      log_.lines(),
      ElementsAre(HasSubstr("\"c\" is set for apache on the host \"web-2\" of the fleet with "
                            "another region"),
                  HasSubstr("\"d\" is set differently for apache on the host \"web-4\"")));
}

TEST_F(NeighboursTest, MakesTheTicketKeysThatAnotherHostWants) {
  config::Settings theirs = settings({});
  EXPECT_TRUE(theirs.set("ticket_keys", {"fleet"}, {}));
  roster_.replace({distant("web-2", theirs)});
  EXPECT_EQ(neighbours_.joined().global().ticket_keys, config::TicketKeys::fleet);
}

}  // namespace
}  // namespace ccm::agent
