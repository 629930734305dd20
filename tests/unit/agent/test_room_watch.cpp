// SPDX-License-Identifier: Apache-2.0
// When the agent cannot write to the state directory, and whom it tells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "agent/room_watch.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"

namespace ccm::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RoomWatchTest : public testing::Test {
 protected:
  bool look() { return room_.look(clock_.steady_now()); }
  bool is_told() const { return life_.flaws().has(AgentFlaw::unwritable_state); }

  test::TempDirectory state_;
  test::FakeClock clock_;
  test::MemoryLog log_;
  config::ServerFacts server_{
      .kind = config::ServerKind::nginx, .error_log = "", .launch_id = "", .instance = "0123abcd"};
  SignOfLife life_{{.state_path = state_.path(),
                    .server = server_,
                    .publishes = {},
                    .pulse = Pulse(),
                    .clock = clock_,
                    .log = log_}};
  int refusal_ = 0;
  int tries_ = 0;
  RoomWatch room_{{.directory = state_.path(),
                   .state_path = "/var/lib/ccm",
                   .life = life_,
                   .log = log_,
                   .look_for_refusal = [this](const std::string&) {
                     ++tries_;
                     return refusal_;
                   }}};
};

TEST_F(RoomWatchTest, AQuotaThatIsUsedUpIsToldLikeAFullDisk) {
  EXPECT_FALSE(look());
  EXPECT_FALSE(is_told());
  refusal_ = EDQUOT;
  clock_.advance(RoomWatch::kBetweenTries);
  EXPECT_FALSE(look());
  EXPECT_TRUE(is_told());
  clock_.advance(RoomWatch::kBetweenTries);
  EXPECT_FALSE(look());
  EXPECT_THAT(log_.lines(),
              ElementsAre("no certificate fits into the state directory /var/lib/ccm, because a "
                          "quota of its disk is used up: what it holds is served, and nothing is "
                          "renewed; raise the quota, or remove what else counts for it"))
      << "once";
  refusal_ = 0;
  EXPECT_FALSE(look()) << "it does not know yet";
  clock_.advance(RoomWatch::kTryAgain);
  EXPECT_TRUE(look()) << "what has failed is tried again";
  EXPECT_FALSE(is_told());
  EXPECT_EQ(log_.lines().back(), "the state directory /var/lib/ccm can be written to again");
}

TEST_F(RoomWatchTest, ADiskThatFailsIsTold) {
  refusal_ = EIO;
  EXPECT_FALSE(look());
  EXPECT_TRUE(is_told());
  EXPECT_THAT(log_.lines(),
              ElementsAre("the state directory /var/lib/ccm cannot be written to: Input/output "
                          "error: what it holds is served, and nothing is renewed; look at its "
                          "disk"));
}

// Each try is work for the disk.
TEST_F(RoomWatchTest, TriesSeldomWhileAllIsWell) {
  for (int second = 0; second < 600; ++second) {
    look();
    clock_.advance(Seconds(1));
  }
  EXPECT_EQ(tries_, 10);
  EXPECT_THAT(log_.lines(), IsEmpty());
}

}  // namespace
}  // namespace ccm::agent
