// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/hosts/hosts_heard.h"

namespace ccm::fleet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Time kBegun(Seconds(1'800'000'000));
constexpr Seconds kMinute{60};

// The host "self" leads a fleet with "a" and "b".
class HostsHeardTest : public testing::Test {
 protected:
  HostsHeardTest() {
    for (const char* name : {"self", "a", "b"}) let_in(name);
  }
  void let_in(const std::string& name) {
    members_.push_back({.id = "id-" + name, .name = name, .public_half = ""});
  }
  void remove(const std::string& name) {
    std::erase_if(members_, [&](const FleetMember& each) { return each.name == name; });
  }
  void report(const std::string& name, Time written, std::optional<Seconds> ahead = Seconds(0)) {
    reports_["id-" + name] = {.host = name, .written = written, .ahead = ahead};
  }
  HostsHeard::News look(Time now) {
    return heard_.look({.members = members_, .reports = reports_, .self = "id-self", .now = now});
  }
  // Time passes, minute by minute, and these hosts report.
  void pass(Seconds time, const std::vector<std::string>& hosts) {
    for (const Time end = now_ + time; now_ < end;) {
      now_ += kMinute;
      for (const std::string& name : hosts) report(name, now_);
      const HostsHeard::News news = look(now_);
      lost_.insert(lost_.end(), news.lost.begin(), news.lost.end());
      returned_.insert(returned_.end(), news.returned.begin(), news.returned.end());
    }
  }
  void begin(const std::vector<FleetOverview::Host>& before = {}) {
    heard_.begin(FleetOverview{.at = now_, .shown = before}, now_);
  }

  std::vector<FleetMember> members_;
  HostReports reports_;
  HostsHeard heard_;
  Time now_ = kBegun;
  std::vector<std::string> lost_;
  std::vector<std::string> returned_;
};

TEST_F(HostsHeardTest, AHostIsLostAfterThreeMinutesAndComesBack) {
  begin();
  pass(kMinute * 10, {"self", "a", "b"});
  pass(FleetOverview::kSilence, {"self", "a"});
  EXPECT_THAT(lost_, IsEmpty());
  EXPECT_FALSE(heard_.is_silent("b"));
  pass(kMinute * 10, {"self", "a"});
  EXPECT_THAT(lost_, ElementsAre("b")) << "once";
  EXPECT_TRUE(heard_.is_silent("b"));
  EXPECT_FALSE(heard_.is_silent("a"));
  pass(kMinute * 10, {"self", "a", "b"});
  EXPECT_THAT(lost_, ElementsAre("b"));
  EXPECT_THAT(returned_, ElementsAre("b"));
  EXPECT_FALSE(heard_.is_silent("b"));
}

// All that it finds is from before the outage.
TEST_F(HostsHeardTest, ALeaderAfterAnOutageLosesNobodyWhoLives) {
  for (const char* name : {"self", "a", "b"}) report(name, kBegun);
  now_ += kMinute * 20;
  begin({{.name = "a", .seen = kBegun}, {.name = "b", .seen = kBegun}});
  look(now_);
  EXPECT_FALSE(heard_.is_silent("a"));
  pass(kMinute, {"self"});
  pass(kMinute * 10, {"self", "a"});
  EXPECT_THAT(lost_, ElementsAre("b")) << "the only one that did not come back";
  EXPECT_THAT(returned_, IsEmpty());
}

TEST_F(HostsHeardTest, ALeaderThatIsCutOffLosesNobodyWhoLives) {
  begin();
  pass(kMinute * 10, {"self", "a", "b"});
  pass(kMinute * 30, {});
  pass(FleetOverview::kSilence - kMinute, {"self"});
  EXPECT_THAT(lost_, IsEmpty());
  pass(kMinute * 10, {"self", "a", "b"});
  EXPECT_THAT(lost_, IsEmpty());
  EXPECT_THAT(returned_, IsEmpty());
}

TEST_F(HostsHeardTest, WhoeverWasLostBeforeStaysLostUntilItIsHeardOf) {
  const Time long_ago = kBegun - kMinute * 5;
  report("a", long_ago);
  report("b", long_ago);
  begin({{.name = "a", .seen = long_ago, .is_silent = true},
         {.name = "b", .seen = long_ago, .is_silent = true}});
  pass(kMinute, {"self"});
  EXPECT_TRUE(heard_.is_silent("a"));
  pass(kMinute * 10, {"self", "b"});
  EXPECT_THAT(lost_, IsEmpty()) << "the leader before has told of it";
  EXPECT_THAT(returned_, ElementsAre("b"));
  EXPECT_TRUE(heard_.is_silent("a"));
}

TEST_F(HostsHeardTest, WithoutItsReportAHostIsLostAsWell) {
  begin();
  pass(kMinute * 10, {"self", "a", "b"});
  reports_.erase("id-b");
  pass(kMinute, {"self", "a"});
  EXPECT_FALSE(heard_.is_silent("b"));
  pass(kMinute * 10, {"self", "a"});
  EXPECT_THAT(lost_, ElementsAre("b"));
  EXPECT_EQ(heard_.last("b"), kBegun + kMinute * 10);
}

TEST_F(HostsHeardTest, AnOlderReportThatSomebodyPutsBackIsNoSignOfLife) {
  begin();
  pass(kMinute * 10, {"self", "a", "b"});
  for (int i = 0; i < 5; ++i) {
    report("b", kBegun + kMinute * (5 + i % 2));
    pass(kMinute, {"self", "a"});
  }
  EXPECT_THAT(lost_, ElementsAre("b"));
  EXPECT_EQ(heard_.last("b"), kBegun + kMinute * 10);
}

TEST_F(HostsHeardTest, OneThatNeverCameIsSilentAndNotLost) {
  begin();
  let_in("new");
  pass(kMinute * 10, {"self", "a", "b"});
  EXPECT_TRUE(heard_.is_silent("new"));
  EXPECT_EQ(heard_.last("new"), std::nullopt);
  EXPECT_THAT(lost_, IsEmpty());
}

TEST_F(HostsHeardTest, ForgetsWhoIsNoMember) {
  begin();
  pass(kMinute * 10, {"self", "a", "b"});
  remove("b");
  reports_.erase("id-b");
  pass(kMinute, {"self", "a"});
  let_in("b");
  pass(kMinute * 10, {"self", "a"});
  EXPECT_EQ(heard_.last("b"), std::nullopt) << "another machine of that name";
  EXPECT_THAT(lost_, IsEmpty());
}

TEST_F(HostsHeardTest, GoesByTheClockOfEtcd) {
  begin();
  pass(kMinute * 10, {"self", "a", "b"});
  // One is an hour ahead. The other does not know, and nothing is heard of in the future.
  report("a", now_ + Seconds(3600), Seconds(3600));
  report("b", now_ + Seconds(3600), std::nullopt);
  look(now_);
  EXPECT_EQ(heard_.last("a"), now_);
  EXPECT_EQ(heard_.last("b"), now_);
}

// What was noted while the clock was wrong must not keep a host from being lost.
TEST_F(HostsHeardTest, AClockThatIsSetBackChangesNothing) {
  begin();
  pass(kMinute * 10, {"self", "a", "b"});
  look(now_ + kMinute * 60);
  report("b", now_);
  pass(kMinute * 10, {"self", "a"});
  EXPECT_THAT(lost_, ElementsAre("b"));
}

}  // namespace
}  // namespace ccm::fleet
