// SPDX-License-Identifier: Apache-2.0
// A fleet whose etcd is full: it is read as ever, and takes nothing more.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "cloud/reply/json.h"
#include "cloud/transport/curl_client.h"
#include "fleet/etcd/etcd_errors.h"
#include "fleet_machine.h"

namespace ccm::fleet {
namespace {

using test::happens;
using test::Machine;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FleetSpaceContract : public test::FleetFixture {
 protected:
  void SetUp() override {
    FleetFixture::SetUp();
    if (cluster_ == nullptr) return;
    cluster_ = std::make_unique<test::EtcdCluster>(
        1, test::EtcdTls{}, std::vector<std::string>{"--quota-backend-bytes", "2000000"});
    raw_ = EtcdClient::make({.endpoints = cluster_->endpoints()}).value();
    ASSERT_TRUE(happens([&] { return raw_->range({.key = "x"}).has_value(); }));
  }
  std::string post(const std::string& path, const std::string& body) {
    const auto answer = cloud::make_curl_client({}).value()->send(
        {.method = "POST",
         .url = cluster_->endpoints().front() + "/v3/" + path,
         .headers = {},
         .body = body});
    EXPECT_EQ(answer.value().status, 200) << path;
    return std::string(answer.value().body.reveal());
  }
  Result<EtcdOutcome> put_junk(int number) {
    return raw_->commit({.compares = {},
                         .changes = {{.key = fmt::format("/junk/{:03}", number),
                                      .value = std::string(100'000, 'x')}}});
  }
  void fill() {
    for (int i = 0; i < 100; ++i) {
      const Result<EtcdOutcome> put = put_junk(i);
      if (put) continue;
      EXPECT_EQ(put.error().code(), kEtcdIsFull) << put.error().message();
      return;
    }
    FAIL() << "it has taken ten megabytes";
  }
  void empty() {
    const EtcdRange junk = range_of_prefix("/junk/");
    ASSERT_TRUE(raw_->commit(
        {.compares = {}, .changes = {{.key = junk.key, .value = std::nullopt, .end = junk.end}}}));
    EXPECT_TRUE(raw_->is_full()) << "it takes removals all the time";
    const EtcdRevision now = raw_->range({.key = "x"})->revision;
    post("kv/compaction", fmt::format(R"({{"revision":"{}","physical":true}})", now));
    post("maintenance/defragment", "{}");
    const auto alarms =
        cloud::JsonDocument::parse(post("maintenance/alarm", R"({"action":"GET"})")).value();
    for (const cloud::JsonView alarm : alarms["alarms"].elements()) {
      post("maintenance/alarm",
           fmt::format(R"({{"action":"DEACTIVATE","memberID":"{}","alarm":"NOSPACE"}})",
                       alarm["memberID"].text()));
    }
  }
  static int count(Machine& machine, const std::string& words) {
    const std::string log = machine.log().text();
    int found = 0;
    for (std::size_t at = log.find(words); at != std::string::npos; at = log.find(words, at + 1)) {
      ++found;
    }
    return found;
  }
};

TEST_F(FleetSpaceContract, EveryHostSaysThatEtcdIsFullUntilItIsNot) {
  const auto one = join("one");
  const auto two = join("two");
  ASSERT_TRUE(one->lead());
  fill();
  for (Machine* machine : {one.get(), two.get()}) {
    machine->names({"mail"});
    ASSERT_TRUE(happens([&] { return !machine->flaws().empty(); }));
    EXPECT_THAT(machine->flaws(), ElementsAre(HasSubstr("etcd is full and takes nothing more")));
    EXPECT_TRUE(happens([&] { return machine->leader() == "one"; })) << "it still follows";
  }
  const Result<std::uint64_t> written =
      one->store().write_record(one->lease(), "www", "order", Secret::copy_of("first"), 0);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message(), HasSubstr("it is full"));
  empty();
  for (Machine* machine : {one.get(), two.get()}) {
    EXPECT_TRUE(happens([&] { return machine->flaws().empty(); }));
    EXPECT_EQ(count(*machine, "etcd is full and takes nothing more"), 1);
    EXPECT_EQ(count(*machine, "etcd is not full any more"), 1);
  }
  EXPECT_TRUE(one->hears({"two mail"}));
}

}  // namespace
}  // namespace ccm::fleet
