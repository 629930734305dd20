// SPDX-License-Identifier: Apache-2.0
// What happens to a fleet while a host does not hear of it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "cloud/transport/curl_client.h"
#include "fleet_machine.h"

namespace ccm::fleet {
namespace {

using test::happens;
using test::Machine;

class FleetGapContract : public test::FleetFixture {
 protected:
  // Nobody hears any more what has happened so far.
  void compact() {
    const EtcdRevision now = raw_->range({.key = "x"}).value().revision;
    const auto response = cloud::make_curl_client({}).value()->send(
        {.method = "POST",
         .url = raw_endpoint_ + "/v3/kv/compaction",
         .headers = {},
         .body = fmt::format(R"({{"revision":"{}"}})", now)});
    ASSERT_EQ(response.value().status, 200);
  }

  static bool has_order(Machine& machine, const std::string& wanted) {
    return happens([&] {
      const auto record = machine.store().read_record("www", "order");
      return record && *record && (*record)->value.reveal() == wanted;
    });
  }

  std::string raw_endpoint_;
};

TEST_F(FleetGapContract, AHostReadsTheKeyThatTheFleetHasGotInBetween) {
  cluster_ = std::make_unique<test::EtcdCluster>(3);
  const std::vector<std::string>& members = cluster_->endpoints();
  raw_ = EtcdClient::make({.endpoints = {members[1], members[2]}}).value();
  raw_endpoint_ = members[1];
  ASSERT_TRUE(happens([&] { return raw_->range({.key = "x"}).has_value(); }));
  Machine one({members[1], members[2]}, "one", key_);
  Machine other({members[0]}, "other", key_);
  ASSERT_TRUE(one.lead());
  ASSERT_TRUE(one.store().write_record(one.lease(), "www", "order", Secret::copy_of("first"), 0));
  ASSERT_TRUE(has_order(other, "first"));
  cluster_->kill_member(0);
  const crypto::SealingKey next = crypto::make_sealing_key().value();
  one.gets(next);
  other.gets(next);
  one.stop();
  one.start();
  ASSERT_TRUE(one.lead());
  const std::uint64_t version = one.store().read_record("www", "order").value()->version;
  ASSERT_TRUE(
      one.store().write_record(one.lease(), "www", "order", Secret::copy_of("second"), version));
  compact();
  cluster_->start_member(0);
  EXPECT_TRUE(has_order(other, "second"));
}

// As somebody may write who has no key.
TEST_F(FleetGapContract, AHostComesBackToMoreThanFitsIntoOneAnswer) {
  const auto one = join("one");
  const auto other = join("other");
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(one->store().write_record(one->lease(), "www", "order", Secret::copy_of("new"), 0));
  other->stop();
  const std::string large(1'000'000, 'x');
  for (int i = 0; i < 16; ++i) {
    const std::string key = fmt::format("/cl/web/records/large-{}/order", i);
    ASSERT_TRUE(raw_->commit({.compares = {}, .changes = {{.key = key, .value = large}}}));
  }
  other->start();
  EXPECT_TRUE(has_order(*other, "new"));
}

}  // namespace
}  // namespace ccm::fleet
