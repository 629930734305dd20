// SPDX-License-Identifier: Apache-2.0
// A host of a fleet that cannot write its copy, or does not get all of it, on a real etcd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "../cloud/loopback_server.h"
#include "fleet/store/fleet_lease.h"
#include "fleet_machine.h"
#include "support/admission.h"
#include "support/test_bundle.h"

namespace ccm::fleet {
namespace {

using namespace std::chrono_literals;
using test::happens;
using test::Machine;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kNumberOfWatches =
    "grpc_server_started_total{grpc_method=\"Watch\",grpc_service=\"etcdserverpb.Watch\","
    "grpc_type=\"bidi_stream\"}";

class FleetCopyContract : public test::FleetFixture {
 protected:
  static std::string folder_of(const Machine& machine) {
    return machine.path() + "/certificates/www";
  }
  // Nothing can be written to the folder of the certificate, not even by root.
  static void block(const Machine& machine) {
    std::filesystem::create_directories(machine.path() + "/certificates");
    std::ofstream(folder_of(machine)) << "in the way";
  }
  static void unblock(const Machine& machine) { std::filesystem::remove(folder_of(machine)); }
  static void write(Machine& machine, const std::string& name = "www") {
    ASSERT_TRUE(machine.store().write_record(machine.lease(), name, "note",
                                             Secret::copy_of(std::string_view("x")), 0));
  }
  static bool has_record(Machine& machine, const std::string& name = "www") {
    const auto record = machine.store().read_record(name, "note");
    return record && *record;
  }
  static std::string problem_of(const Machine& machine) {
    const auto note = store::read_fleet_note(machine.path());
    return note ? note->problem : "";
  }
};

TEST_F(FleetCopyContract, AHostThatCannotWriteItsCopyDoesNotReadEverythingAgainAndAgain) {
  const auto one = join("one");
  const auto two = join("two");
  ASSERT_TRUE(one->lead());
  // It has heard of the others, and reads no more.
  ASSERT_TRUE(happens([&] { return two->overview().has_value(); }));
  block(*two);
  const double reads_before = reads();
  ASSERT_GT(reads_before, 0) << "etcd does not count as it did";
  const double watches_before = metric(kNumberOfWatches);
  ASSERT_GT(watches_before, 0) << "etcd does not count as it did";
  write(*one);
  ASSERT_TRUE(happens([&] { return metric(kNumberOfWatches) >= watches_before + 3; }));
  EXPECT_THAT(problem_of(*two), HasSubstr("certificates/www"));
  EXPECT_EQ(reads() - reads_before, 0) << "what is missing comes by the watch";
  EXPECT_THAT(two->log().text(), HasSubstr("this host goes on with its copy"));
  write(*one, "other");
  EXPECT_TRUE(happens([&] { return has_record(*two, "other"); })) << "which has room";
  unblock(*two);
  EXPECT_TRUE(happens([&] { return has_record(*two); }));
  EXPECT_TRUE(happens([&] { return problem_of(*two).empty(); }));
  EXPECT_THAT(two->log().text(), HasSubstr("this host follows the fleet again"));
}

TEST_F(FleetCopyContract, AHostThatCannotWriteItsCopyDoesNotStandForTheLead) {
  const auto one = join("one");
  const auto two = join("two");
  ASSERT_TRUE(one->lead());
  block(*two);
  write(*one);
  ASSERT_TRUE(happens([&] { return !problem_of(*two).empty(); }));
  one->stop();
  const double reads_before = reads();
  const auto lease = two->store().try_lead();
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().message(), "the copy of the fleet cannot be written");
  EXPECT_EQ(reads() - reads_before, 0);
  unblock(*two);
  EXPECT_TRUE(two->lead());
  EXPECT_TRUE(has_record(*two));
}

TEST_F(FleetCopyContract, ALeaderThatCannotWriteItsCopyIsNoLongerKeptAlive) {
  const auto may_lead = std::make_shared<std::atomic<bool>>(true);
  const FleetLayout layout = FleetLayout::make("web").value();
  const std::shared_ptr<EtcdClient> etcd =
      EtcdClient::make({.endpoints = cluster_->endpoints()}).value();
  const auto lease = acquire_fleet_lease(etcd, layout,
                                         {.who = {.id = "id", .name = "one", .place = "here"},
                                          .life = 2s,
                                          .last_token = 0,
                                          .may_lead = may_lead})
                         .value();
  ASSERT_NE(lease, nullptr);
  *may_lead = false;
  EXPECT_FALSE(lease->is_held());
  EXPECT_TRUE(happens([&] { return raw_->range({.key = layout.leader()})->items.empty(); }))
      << "although its owner still has it";
}

// Between this host and etcd somebody answers questions with 503.
TEST_F(FleetCopyContract, ALeaderThatEtcdDoesNotAnswerJustThenGoesOn) {
  std::atomic<bool> is_down{false};
  const test::LoopbackServer between([&](test::Connection& connection) {
    const auto http = cloud::make_curl_client({}).value();
    while (const auto request = connection.read_request()) {
      const std::string path = request->substr(5, request->find(' ', 5) - 5);
      if (is_down && path == "/v3/kv/range") {
        connection.answer("503 Service Unavailable", "{}");
        continue;
      }
      const auto answer = http->send({.method = "POST",
                                      .url = cluster_->endpoints().front() + path,
                                      .headers = {},
                                      .body = request->substr(request->find("\r\n\r\n") + 4)});
      connection.answer("200 OK", answer.value().body.reveal());
    }
  });
  const test::TempDirectory state(test::memory_backed_parent());
  test::MemoryLog log;
  std::shared_ptr<EtcdClient> etcd = EtcdClient::make({.endpoints = {between.url("")}}).value();
  const auto store = open_etcd_store(
                         {.state_path = state.path(),
                          .fleet = "web",
                          .host = "one",
                          .host_id = "id-of-one",
                          .roster = std::make_shared<FleetRoster>()},
                         etcd,
                         [this] {
                           FleetKeys keys;
                           keys.keys.push_back({.id = key_.id, .key = key_.key.clone()});
                           return keys;
                         },
                         log)
                         .value();
  const auto lease = store->try_lead().value();
  ASSERT_NE(lease, nullptr);
  const crypto::Bundle bundle = test::make_test_bundle();
  ASSERT_TRUE(store->install(
      *lease, test::let_in("www", bundle),
      {.bundle = bundle, .origin = "pca:1", .expected = 0, .keep = 2, .now = test::kTestNow}));
  // Then the version has to be fetched again.
  std::filesystem::remove_all(state.path() / "certificates/www/versions/1");
  is_down = true;
  const std::string response = "response";
  const auto kept = store->keep_response(*lease, "www", 1, std::as_bytes(std::span(response)));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().kind(), ErrorKind::transient);
  EXPECT_TRUE(lease->is_held());
  EXPECT_THAT(log.text(), Not(HasSubstr("leaves the lead")));
}

}  // namespace
}  // namespace ccm::fleet
