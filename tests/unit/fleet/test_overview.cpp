// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "fleet/hosts/overview.h"

namespace ccm::fleet {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr Time kNow(Seconds(1'800'000'000));

class OverviewTest : public testing::Test {
 protected:
  void add(const std::string& name, const HostReport& report) {
    members_.push_back({.id = "id-" + name, .name = name, .public_half = ""});
    reports_["id-" + name] = report;
  }
  static HostReport good() {
    return {.host = "", .agent = "1", .written = kNow, .ahead = Seconds(0), .followed = 100};
  }
  FleetOverview make(std::vector<KnownCertificate> certificates = {}) {
    heard_.look({.members = members_, .reports = reports_, .self = "", .now = kNow});
    return make_overview({.members = members_,
                          .reports = reports_,
                          .certificates = std::move(certificates),
                          .leader = "id-b",
                          .heard = heard_,
                          .now = kNow});
  }
  static std::vector<std::string> names(const FleetOverview& overview) {
    std::vector<std::string> names;
    for (const auto& host : overview.shown) names.push_back(host.name);
    return names;
  }

  std::vector<FleetMember> members_;
  HostReports reports_;
  HostsHeard heard_;
};

TEST_F(OverviewTest, HasTheWorstFirst) {
  add("a", good());
  add("b", good());
  add("clock", good());
  reports_["id-clock"].ahead = -kNotableClockDifference;
  reports_["id-clock"].written = kNow - kNotableClockDifference;
  add("behind", good());
  reports_["id-behind"].followed = 90;
  add("failed", good());
  reports_["id-failed"].failed = {{"mail", "the disk is full"}, {"shop", "the disk is full"}};
  const Time long_ago = kNow - Seconds(5000);
  add("silent", good());
  reports_["id-silent"].written = long_ago;
  members_.push_back({.id = "id-gone", .name = "gone", .public_half = ""});
  heard_.begin(FleetOverview{.shown = {{.name = "silent", .seen = long_ago, .is_silent = true},
                                       {.name = "gone", .seen = long_ago, .is_silent = true}}},
               kNow);
  const FleetOverview overview = make({{.name = "www", .current = 2, .modified = 95}});
  EXPECT_THAT(names(overview),
              ElementsAre("gone", "silent", "failed", "behind", "clock", "b", "a"));
  EXPECT_EQ(overview.hosts, 7U);
  EXPECT_EQ(overview.silent, 2U);
  EXPECT_EQ(overview.behind, 2U);
  EXPECT_EQ(overview.wrong_clocks, 1U);
  EXPECT_EQ(overview.shown[0].seen, long_ago);
  EXPECT_THAT(overview.shown[2].behind_on, ElementsAre("mail", "shop"));
  EXPECT_THAT(overview.shown[3].behind_on, ElementsAre("www"));
  EXPECT_EQ(overview.shown[4].seen, kNow) << "by etcd's clock";
  EXPECT_TRUE(overview.shown[5].leads);
  EXPECT_TRUE(overview.shown[5].is_in_order());
}

TEST_F(OverviewTest, CountsACertificateOnce) {
  add("a", good());
  reports_["id-a"].followed = 90;
  reports_["id-a"].failed = {{"c4", "the disk is full"}, {"old", "the disk is full"}};
  std::vector<KnownCertificate> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back({.name = fmt::format("c{}", i), .modified = static_cast<EtcdRevision>(95 + i)});
  }
  const FleetOverview overview = make(all);
  EXPECT_EQ(overview.shown.at(0).behind, 6U);
  EXPECT_THAT(overview.shown.at(0).behind_on, ElementsAre("c4", "c3", "c2")) << "the newest first";
}

TEST_F(OverviewTest, StaysSmallHoweverManyHostsThereAre) {
  for (int i = 0; i < 10'000; ++i) {
    HostReport report = good();
    report.agent = std::string(500, 'v');
    for (int j = 0; j < 20; ++j) report.failed[std::string(100, 'c') + std::to_string(j)] = "";
    add(std::string(200, 'n') + std::to_string(i), report);
  }
  const FleetOverview overview = make();
  EXPECT_EQ(overview.hosts, 10'000U);
  EXPECT_EQ(overview.behind, 10'000U);
  EXPECT_THAT(overview.shown, SizeIs(FleetOverview::kMostShown));
  EXPECT_LT(encode(overview).size(), 6'000U);
}

TEST_F(OverviewTest, IsReadAsItWasWritten) {
  add("a", good());
  reports_["id-a"].failed = {{"www", "the disk is full"}};
  add("b", good());
  reports_["id-b"].ahead.reset();
  const FleetOverview overview = make();
  const std::string bytes = encode(overview);
  const auto same = decode_fleet_overview(bytes);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->at, kNow);
  EXPECT_EQ(same->shown, overview.shown);
  EXPECT_TRUE(says_the_same(*same, overview));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_fleet_overview(std::string_view(bytes).substr(0, size))) << size;
  }
}

// Differences of what is read must not overflow.
TEST_F(OverviewTest, TimesThatNobodyLivesInAreBroughtNearer) {
  for (const std::int64_t extreme :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    const Seconds far(extreme);
    const auto read = decode_fleet_overview(encode(FleetOverview{
        .at = Time(far),
        .shown = {{.name = "a", .seen = Time(far), .clock_ahead = far}},
    }));
    ASSERT_TRUE(read);
    const Seconds bound(extreme < 0 ? -253402300799 : 253402300799);
    EXPECT_EQ(read->at, Time(bound));
    EXPECT_EQ(read->shown.at(0).seen, Time(bound));
    EXPECT_EQ(read->shown.at(0).clock_ahead, bound);
    EXPECT_TRUE(read->shown.at(0).has_wrong_clock());
  }
}

TEST_F(OverviewTest, ALaterSignOfLifeIsNoNews) {
  add("a", good());
  const FleetOverview before = make();
  reports_["id-a"].written = kNow - Seconds(60);
  reports_["id-a"].ahead = Seconds(1);
  EXPECT_TRUE(says_the_same(before, make()));
  reports_["id-a"].ahead = kNotableClockDifference;
  EXPECT_FALSE(says_the_same(before, make()));
}

}  // namespace
}  // namespace ccm::fleet
