// SPDX-License-Identifier: Apache-2.0
// What every host of a fleet hears of all of them, and what that costs, on a real etcd. Some hosts
// are here, others only in what they have written.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/packing.h"
#include "cloud/transport/curl_client.h"
#include "crypto/certificate/pem_block.h"
#include "fleet/hosts/host_report.h"
#include "fleet/hosts/overview_reader.h"
#include "fleet/store/fleet_keyring.h"
#include "fleet_machine.h"

namespace ccm::fleet {
namespace {

using test::happens;
using test::Machine;
using test::Names;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class FleetOverviewContract : public test::FleetFixture {
 protected:
  void SetUp() override {
    FleetFixture::SetUp();
    keys_.keys.push_back({.id = key_.id, .key = key_.key.clone()});
  }
  static std::string id_of(const std::string& name) { return fleet_host_id("half of " + name); }
  void write(const std::string& key, Secret text) {
    ASSERT_TRUE(raw_->commit(
        {.compares = {}, .changes = {{.key = key, .value = keys_.seal(key, text).value()}}}));
  }
  void remove(const std::string& key) {
    ASSERT_TRUE(raw_->commit({.compares = {}, .changes = {{.key = key, .value = std::nullopt}}}));
  }
  void admit(const std::string& name) {
    Packer packer;
    packer.block(name);
    packer.block("half of " + name);
    write("/cl/web/hosts/" + id_of(name), std::move(packer).take());
  }
  void report(const std::string& name, Seconds age, Seconds ahead = Seconds(0)) {
    const HostReport report{.host = name,
                            .agent = "1.2.3",
                            .written = SystemClock().now() + ahead - age,
                            .ahead = ahead,
                            .followed = 1'000'000};
    write("/cl/web/~reports/" + id_of(name), Secret::copy_of(serialize(report)));
  }
  // Of a leader before.
  void overview(const FleetOverview& overview) {
    write("/cl/web/overview", serialize(SentOverview{.overview = overview}));
  }
  // All that the machine's agent would have told of so far.
  const Names& events_of(Machine& machine) {
    for (const Event& event : machine.roster().take_events()) {
      told_.push_back(fmt::format("{} {}", kind_of(event.type).name, event.field("host")));
    }
    return told_;
  }
  FleetKeys keys_;
  Names told_;
};

std::string seen_as(const FleetOverview& overview) {
  std::string text =
      fmt::format("{}/{}/{}:", overview.hosts, overview.silent, overview.wrong_clocks);
  for (const FleetOverview::Host& host : overview.shown) {
    text += fmt::format(" {}{}{}", host.name, host.is_silent ? "-" : "",
                        host.has_wrong_clock() ? "~" : "");
  }
  return text;
}

TEST_F(FleetOverviewContract, EveryHostHearsHowAllAre) {
  for (const char* name : {"good", "late", "off"}) admit(name);
  report("good", Seconds(10));
  report("off", Seconds(10), Seconds(-300));
  report("late", Seconds(600));
  overview(
      {.shown = {{.name = "late", .seen = SystemClock().now() - Seconds(600), .is_silent = true}}});
  const auto one = join("one");
  const auto two = join("two");
  ASSERT_TRUE(one->lead());
  const auto both_hear = [&](const std::string& wanted) {
    return happens([&] {
      const auto here = one->overview();
      const auto there = two->overview();
      return here && there && seen_as(*here) == wanted && seen_as(*there) == wanted;
    });
  };
  EXPECT_TRUE(both_hear("3/1/1: late- off~ good"));
  EXPECT_EQ(two->overview()->shown.at(1).clock_ahead, Seconds(-300));
  EXPECT_EQ(two->overview()->shown.at(2).agent, "1.2.3");
  report("late", Seconds(0));
  admit("new");
  remove("/cl/web/hosts/" + id_of("off"));
  EXPECT_TRUE(both_hear("3/1/0: new- good late"));
  EXPECT_TRUE(happens([&] { return events_of(*one).size() == 3; }));
  EXPECT_THAT(events_of(*one),
              UnorderedElementsAre("host-returned late", "host-joined new", "host-left off"));
  EXPECT_THAT(two->roster().take_events(), IsEmpty());
}

// As after an outage of etcd. The host of before may report again in the next moment.
TEST_F(FleetOverviewContract, ANewLeaderDoesNotLoseAHostByWhatItFinds) {
  admit("good");
  report("good", Seconds(600));
  const auto one = join("one");
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(happens([&] { return one->overview().has_value(); }));
  EXPECT_EQ(seen_as(*one->overview()), "1/0/0: good");
  report("good", Seconds(0), Seconds(-300));
  EXPECT_TRUE(happens([&] { return seen_as(*one->overview()) == "1/0/1: good~"; }));
  EXPECT_THAT(events_of(*one), IsEmpty());
}

// As whoever can write to etcd may do.
TEST_F(FleetOverviewContract, WhatTheFleetHasNotSealedIsNoOverview) {
  admit("good");
  const auto one = join("one");
  const auto two = join("two");
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(happens([&] { return two->overview().has_value(); }));
  const auto before = two->overview();
  ASSERT_TRUE(
      raw_->commit({.compares = {}, .changes = {{.key = "/cl/web/overview", .value = "rubbish"}}}));
  report("good", Seconds(1));
  ASSERT_TRUE(happens([&] { return seen_as(*two->overview()) == "1/0/0: good"; }));
  EXPECT_EQ(seen_as(*before), "1/1/0: good-");
}

// However much the hosts are set to, the one that leads reads what has changed, and asks for
// nothing.
TEST_F(FleetOverviewContract, TheLeaderIsToldOfSettingsAndReadsNone) {
  const auto one = join("one");
  const auto two = join("two");
  const auto large = join("large");
  Names many;
  for (int i = 0; i < 500; ++i) many.push_back(fmt::format("certificate-with-a-number-{}", i));
  large->names(many);
  two->names({"first"});
  ASSERT_TRUE(happens([&] {
    return raw_->read_all(range_of_prefix("/cl/web/~settings/")).value().items.size() == 2;
  }));
  const std::size_t size =
      raw_->range({.key = "/cl/web/~settings/id-of-large"})->items.at(0).value.size();
  ASSERT_GT(size, 40'000U);
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(happens([&] { return one->overview().has_value(); }));
  const auto knows = [&](const std::string& name) {
    return happens([&] {
      const Names heard = one->heard();
      return std::find(heard.begin(), heard.end(), "two " + name) != heard.end();
    });
  };
  // From here on it listens.
  two->names({"second"});
  ASSERT_TRUE(knows("second"));
  const double reads_before = reads();
  ASSERT_GT(reads_before, 0) << "etcd does not count as it did";
  const double bytes_before = metric("etcd_network_client_grpc_sent_bytes_total");
  for (const char* name : {"third", "fourth", "fifth"}) {
    two->names({name});
    ASSERT_TRUE(knows(name));
  }
  EXPECT_EQ(reads() - reads_before, 0);
  EXPECT_LT(metric("etcd_network_client_grpc_sent_bytes_total") - bytes_before,
            static_cast<double>(size));
  EXPECT_GT(metric("etcd_network_client_grpc_sent_bytes_total") - bytes_before, 0);
}

// Its user may read all of the fleet, and write all but the overview.
TEST_F(FleetOverviewContract, SaysThatEtcdDoesNotTakeIt) {
  const auto base64 = [](std::string_view text) {
    return crypto::encode_base64(std::as_bytes(std::span(text)));
  };
  const auto http = cloud::make_curl_client({}).value();
  const auto post = [&](const std::string& path, const std::string& body) {
    const auto answer = http->send({.method = "POST",
                                    .url = cluster_->endpoints().front() + "/v3/auth/" + path,
                                    .headers = {},
                                    .body = body});
    ASSERT_EQ(answer.value().status, 200) << path;
  };
  const auto may = [&](const char* type, std::string_view from, std::string_view to) {
    post("role/grant",
         fmt::format(R"({{"name":"host","perm":{{"permType":"{}","key":"{}","range_end":"{}"}}}})",
                     type, base64(from), base64(to)));
  };
  post("user/add", R"({"name":"root","password":"pass"})");
  post("role/add", R"({"name":"root"})");
  post("user/grant", R"({"user":"root","role":"root"})");
  post("user/add", R"({"name":"host","password":"pass"})");
  post("role/add", R"({"name":"host"})");
  may("READ", "/cl/web/", "/cl/web0");
  may("WRITE", "/cl/web/", "/cl/web/overview");
  may("WRITE", "/cl/web/overviews", "/cl/web0");
  post("user/grant", R"({"user":"host","role":"host"})");
  post("enable", "{}");
  const auto one = join("one");
  ASSERT_TRUE(one->lead());
  const std::string words = "fleet: it cannot be told how all hosts are (";
  EXPECT_TRUE(happens([&] { return one->log().text().find(words) != std::string::npos; }));
  const std::string log = one->log().text();
  EXPECT_EQ(log.find(words), log.rfind(words)) << log;
}

}  // namespace
}  // namespace ccm::fleet
