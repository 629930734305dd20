// SPDX-License-Identifier: Apache-2.0
// What the hosts of a fleet tell each other of themselves, on a real etcd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "../cloud/loopback_server.h"
#include "cloud/transport/curl_client.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/hosts/host_report.h"
#include "fleet_machine.h"
#include "support/happens.h"

namespace ccm::fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace std::chrono_literals;
using test::happens;
using test::Machine;
using test::Names;

class FleetReportsContract : public test::FleetFixture {
 protected:
  std::vector<EtcdItem> notes() {
    return raw_->read_all(range_of_prefix("/cl/web/~settings/")).value().items;
  }
};

TEST_F(FleetReportsContract, TheLeaderHearsWhatTheOthersName) {
  const auto one = join("one");
  const auto two = join("two");
  one->names({"intranet"});
  two->names({"mail", "intranet"});
  ASSERT_TRUE(happens([&] { return notes().size() == 2; }));
  ASSERT_TRUE(one->lead());
  EXPECT_THAT(one->heard(), ElementsAre("two intranet", "two mail")) << "from its start on";
  const auto before = one->roster().servers();
  // What changes, and who comes later.
  two->names({"shop"});
  EXPECT_TRUE(one->hears({"two shop"}));
  EXPECT_NE(one->roster().servers(), before);
  const auto three = join("three");
  three->names({"blog"});
  EXPECT_TRUE(one->hears({"three blog", "two shop"}));
  EXPECT_THAT(two->heard(), IsEmpty()) << "it does not lead";
  for (const EtcdItem& note : notes()) {
    EXPECT_NE(note.lease, 0U) << "it goes away after its host";
    EXPECT_THAT(note.value, Not(HasSubstr("example.com"))) << "sealed";
  }
  // As when the host has been dead for longer than a server may be.
  ASSERT_TRUE(raw_->revoke(raw_->range({.key = "/cl/web/~settings/id-of-two"})->items.at(0).lease));
  EXPECT_TRUE(happens([&] { return one->heard() == Names{"three blog"} || notes().size() == 3; }));
}

TEST_F(FleetReportsContract, HostsThatAreSetAlikeShareOneConfiguration) {
  const auto one = join("one");
  const auto two = join("two");
  const auto three = join("three");
  two->names({"mail"});
  three->names({"mail"});
  ASSERT_TRUE(happens([&] { return notes().size() == 2; }));
  ASSERT_TRUE(one->lead());
  const auto servers = one->roster().servers();
  ASSERT_THAT(*servers, SizeIs(2));
  EXPECT_EQ(servers->at(0).config, servers->at(1).config);
}

TEST_F(FleetReportsContract, ANoteThatIsNoHostsCountsForNothing) {
  const auto one = join("one");
  const auto two = join("two");
  two->names({"mail"});
  ASSERT_TRUE(happens([&] { return notes().size() == 1; }));
  ASSERT_TRUE(raw_->commit(
      {.compares = {}, .changes = {{.key = "/cl/web/~settings/evil", .value = "rubbish"}}}));
  // Sealed, but for another place.
  ASSERT_TRUE(raw_->commit(
      {.compares = {},
       .changes = {{.key = "/cl/web/~settings/copied", .value = notes().back().value}}}));
  ASSERT_TRUE(one->lead());
  EXPECT_THAT(one->heard(), ElementsAre("two mail"));
  EXPECT_THAT(one->log().text(), HasSubstr("the settings of the host \"evil\""));
  EXPECT_THAT(one->log().text(), HasSubstr("the settings of the host \"copied\""));
  // Of one that is gone nothing is kept: it is told of anew when it comes again.
  const auto tells_of_evil = [&] {
    const std::string told = one->log().text();
    const std::string words = "the settings of the host \"evil\"";
    int count = 0;
    for (std::size_t at = told.find(words); at != std::string::npos; ++count) {
      at = told.find(words, at + 1);
    }
    return count;
  };
  EXPECT_EQ(tells_of_evil(), 1);
  const auto before = one->roster().servers();
  ASSERT_TRUE(raw_->commit(
      {.compares = {}, .changes = {{.key = "/cl/web/~settings/evil", .value = std::nullopt}}}));
  ASSERT_TRUE(happens([&] { return one->roster().servers() != before; }));
  ASSERT_TRUE(raw_->commit(
      {.compares = {}, .changes = {{.key = "/cl/web/~settings/evil", .value = "rubbish"}}}));
  EXPECT_TRUE(happens([&] { return tells_of_evil() == 2; }));
}

// A host that comes back to an etcd that has lost its lease.
TEST_F(FleetReportsContract, WritesItsSettingsAgainWhenTheLeaseIsGone) {
  const auto one = join("one");
  one->names({"intranet"});
  ASSERT_TRUE(happens([&] { return notes().size() == 1; }));
  ASSERT_TRUE(raw_->revoke(notes().at(0).lease));
  EXPECT_THAT(notes(), IsEmpty());
  one->names({"intranet", "more"});
  EXPECT_TRUE(happens([&] { return notes().size() == 1; }));
}

// Which has the lease, and earlier settings.
TEST_F(FleetReportsContract, WritesItsSettingsAgainWhenABackupOfEtcdIsRestored) {
  const auto one = join("one");
  one->names({"intranet"});
  ASSERT_TRUE(happens([&] { return notes().size() == 1; }));
  cluster_->save();
  ASSERT_TRUE(happens([&] { return raw_->range({.key = "x"}).has_value(); }));
  const auto before = notes();
  one->names({"intranet", "more"});
  ASSERT_TRUE(happens([&] { return notes().at(0).value != before.at(0).value; }));
  cluster_->restore();
  ASSERT_TRUE(happens([&] { return raw_->range({.key = "x"}).has_value(); }));
  EXPECT_EQ(notes().at(0).value, before.at(0).value);
  // A head that is new to the host has it report soon.
  ASSERT_TRUE(raw_->commit(
      {.compares = {}, .changes = {{.key = "/cl/web/heads/new", .value = "rubbish"}}}));
  const auto late = join("late");
  ASSERT_TRUE(late->lead());
  EXPECT_TRUE(late->hears({"one intranet", "one more"}));
}

// The gateway of a member whose clock is an hour behind. It tells of no changes.
class LateMember {
 public:
  explicit LateMember(std::string endpoint)
      : endpoint_(std::move(endpoint)), server_([this](test::Connection& connection) {
          while (const auto request = connection.read_request()) pass_on(*request, connection);
        }) {}
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }

 private:
  void pass_on(const std::string& request, test::Connection& connection) const {
    const std::size_t path = request.find(' ') + 1;
    const std::string url = endpoint_ + request.substr(path, request.find(' ', path) - path);
    if (url.ends_with("/watch")) return connection.wait_for_end();
    const auto answer = cloud::make_curl_client({}).value()->send(
        {.method = "POST",
         .url = url,
         .headers = {},
         .body = request.substr(request.find("\r\n\r\n") + 4)});
    if (!answer) return connection.reset();
    const std::time_t then = std::time(nullptr) - 3600;
    std::tm parts{};
    std::array<char, 64> date{};
    std::strftime(date.data(), date.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
                  gmtime_r(&then, &parts));
    connection.answer(answer->status == 200 ? "200 OK" : "500 No", answer->body.reveal(),
                      date.data());
  }

  std::string endpoint_;
  test::LoopbackServer server_;
};

TEST_F(FleetReportsContract, AHostSaysHowItsClockDiffersFromEtcds) {
  const LateMember member(cluster_->endpoints().front());
  Machine one({member.url()}, "one", key_);
  EXPECT_TRUE(happens([&] { return !one.flaws().empty(); }));
  EXPECT_THAT(one.flaws(), ElementsAre("this host's clock is ahead of etcd's by more than 5s"));
  const std::string place = "/cl/web/~reports/id-of-one";
  EtcdPage page;
  ASSERT_TRUE(happens([&] {
    page = raw_->range({.key = place}).value();
    return !page.items.empty();
  }));
  FleetKeys keys;
  keys.keys.push_back({.id = key_.id, .key = key_.key.clone()});
  const Secret text = keys.unseal(place, page.items.at(0).value).value();
  const HostReport report = parse_report(text.reveal()).value();
  EXPECT_EQ(report.host, "one");
  EXPECT_GE(report.ahead.value(), Seconds(3595));
  EXPECT_LE(report.ahead.value(), Seconds(3605));
  EXPECT_GT(report.followed, 0U);
}

}  // namespace
}  // namespace ccm::fleet
