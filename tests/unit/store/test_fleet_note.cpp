// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "store/host/fleet_note.h"
#include "store/host/state_directory.h"
#include "support/temp_directory.h"

namespace ccm::store {
namespace {

class FleetNoteTest : public ::testing::Test {
 protected:
  test::TempDirectory directory_;
  std::string path_ = directory_.path().string();
};

TEST_F(FleetNoteTest, ComesBackAsItWasWritten) {
  EXPECT_EQ(read_fleet_note(path_), std::nullopt);
  FleetNote note{.fleet = "web",
                 .host = "web-1",
                 .is_connected = true,
                 .since = Time(Seconds(1800000000)),
                 .leader = "web-2"};
  ASSERT_TRUE(write_fleet_note(path_, note));
  EXPECT_EQ(read_fleet_note(path_), note);
  note.is_connected = false;
  note.problem = "etcd at https://etcd1:2379: no route";
  note.leader.clear();
  note.is_leader = true;
  note.flaws = {"its clock is wrong", "\"www\" is damaged"};
  ASSERT_TRUE(write_fleet_note(path_, note));
  EXPECT_EQ(read_fleet_note(path_), note);
  remove_fleet_note(path_);
  EXPECT_EQ(read_fleet_note(path_), std::nullopt);
  remove_fleet_note(path_);
}

TEST_F(FleetNoteTest, SaysAllThatIsWrong) {
  FleetNote note{.fleet = "web", .host = "web-1", .is_connected = true};
  EXPECT_EQ(troubles_of(note),
            std::vector<std::string>{"no host leads the fleet \"web\", so nothing is renewed"});
  note.leader = "web-2";
  EXPECT_TRUE(troubles_of(note).empty());
  note.flaws = {"its clock is wrong"};
  EXPECT_EQ(troubles_of(note), note.flaws);
  note.is_connected = false;
  note.problem = "no route";
  ASSERT_EQ(troubles_of(note).size(), 2U);
  EXPECT_NE(troubles_of(note)[0].find("has not followed the fleet \"web\" since 1970-"),
            std::string::npos);
}

TEST_F(FleetNoteTest, HasAllHostsBesideIt) {
  EXPECT_FALSE(read_fleet_overview(path_));
  FleetOverview overview{.at = Time(Seconds(1800000000)), .hosts = 5};
  overview.shown = {
      {.name = "gone", .seen = Time(Seconds(1800000000)), .is_silent = true},
      {.name = "never", .is_silent = true},
      {.name = "late", .clock_ahead = Seconds(-90), .behind = 4, .behind_on = {"a", "b", "c"}},
      {.name = "good"},
      {.name = "self", .behind = 1, .behind_on = {"a"}}};
  ASSERT_TRUE(write_fleet_overview(path_, overview));
  const auto read = read_fleet_overview(path_);
  ASSERT_TRUE(read);
  EXPECT_EQ(troubles_of(*read, "self"),
            (std::vector<std::string>{
                "the host \"gone\" was not heard of since 2027-01-15T08:00:00Z",
                "the host \"never\" is not heard of",
                "the host \"late\" does not have the newest version of a, b, c and 1 more, and has "
                "a clock that is 1m 30s behind etcd's"}));
  directory_.write("fleet-hosts", "rubbish");
  EXPECT_FALSE(read_fleet_overview(path_));
  ASSERT_TRUE(write_fleet_overview(path_, overview));
  remove_fleet_note(path_);
  EXPECT_FALSE(read_fleet_overview(path_));
}

TEST_F(FleetNoteTest, KeepsTheMarkOfRenewals) {
  EXPECT_EQ(read_granted_mark(path_), 0U);
  ASSERT_TRUE(write_granted_mark(path_, 4'000'000'000'000));
  EXPECT_EQ(read_granted_mark(path_), 4'000'000'000'000U);
  directory_.write("fleet-granted", "rubbish");
  EXPECT_EQ(read_granted_mark(path_), 0U);
  ASSERT_TRUE(write_granted_mark(path_, 7));
  remove_fleet_note(path_);
  EXPECT_EQ(read_granted_mark(path_), 0U) << "the next fleet has other revisions";
}

TEST_F(FleetNoteTest, IsNoneWhenItIsDamaged) {
  for (const char* text : {"", "fleet", "fleet: web\n", "since: 1\n", "fleet: web\nsince: x\n",
                           "fleet: web\nsince: -1\n", "fleet: web\nsince: 253402300800\n",
                           "fleet: web\nsince: 9223372036854775807\n"}) {
    directory_.write("fleet", text);
    EXPECT_EQ(read_fleet_note(path_), std::nullopt) << text;
  }
}

TEST_F(FleetNoteTest, BelongsToAStateDirectory) {
  EXPECT_TRUE(is_store_name("fleet"));
  EXPECT_TRUE(is_store_name("fleet-hosts"));
  EXPECT_TRUE(is_store_name("fleet-granted"));
  EXPECT_TRUE(is_store_name("outbox"));
}

}  // namespace
}  // namespace ccm::store
