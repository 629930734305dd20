// SPDX-License-Identifier: Apache-2.0
// A version that is tried out on the hosts of a fleet: what they count comes to the one that leads,
// on a real etcd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/hosts/canary_reader.h"
#include "fleet/store/etcd_store.h"
#include "fleet_machine.h"
#include "store/host/canary_file.h"
#include "store/staging.h"
#include "support/admission.h"
#include "support/happens.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"
#include "support/test_bundle.h"

namespace ccm::fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;
using test::happens;

const store::ServerId kCountingServer{config::ServerKind::nginx, "0000000a"};

CanarySide side_of(std::uint64_t shown, std::uint64_t failed) {
  CanarySide side;
  side.counts[static_cast<std::size_t>(CanaryCount::shown)] = shown;
  side.counts[static_cast<std::size_t>(CanaryCount::completed)] = shown - failed;
  return side;
}

// A machine of the fleet whose server counts what the test says.
class CountingHost {
 public:
  CountingHost(const std::vector<std::string>& endpoints, std::string name,
               const crypto::SealingKey& key)
      : endpoints_(endpoints), name_(std::move(name)), key_{.id = key.id, .key = key.key.clone()} {
    start();
  }
  void start() {
    std::shared_ptr<EtcdClient> etcd = EtcdClient::make({.endpoints = endpoints_}).value();
    store_ = open_etcd_store(
                 {.state_path = path(),
                  .fleet = "web",
                  .host = name_,
                  .host_id = "id-of-" + name_,
                  .lease_life = 2s},
                 std::move(etcd), [this] { return keys(); }, log_)
                 .value();
    store_->start();
  }
  std::string path() const { return directory_.path(); }
  store::Store& store() { return *store_; }
  bool lead() {
    return happens([&] {
      auto lease = store_->try_lead();
      if (lease && *lease) lease_ = *std::move(lease);
      return lease_ != nullptr;
    });
  }
  // As after kill -9, but for the connections.
  void stop() {
    lease_.reset();
    store_.reset();
  }
  void follow() { lease_.reset(); }
  void install(bool waits) {
    const crypto::Bundle bundle = test::make_test_bundle();
    const auto info = store_->install(*lease_, test::let_in("www", bundle),
                                      {.bundle = bundle,
                                       .origin = "pca:1",
                                       .expected = store_->current_version("www"),
                                       .keep = 2,
                                       .now = test::kTestNow,
                                       .waits = waits});
    ASSERT_TRUE(info);
    if (waits) {
      ASSERT_TRUE(store::stage(*store_, *lease_, "www", info->number));
    }
  }
  void try_out(const store::Canary& canary) {
    install(false);
    install(true);
    ASSERT_TRUE(store::begin_canary(*store_, *lease_, "www", canary));
  }
  void end_it() { ASSERT_TRUE(store::unstage(*store_, *lease_, "www")); }
  // Of its one server; nothing: what every server does at the end.
  void count(const store::Canary& canary, std::uint64_t shown, std::uint64_t failed) {
    store::CanaryCounted counted{.canary = canary};
    counted.total = {.current = side_of(10 * shown, 0), .candidate = side_of(shown, failed)};
    ASSERT_TRUE(store::write_canaries(path(), kCountingServer, {{"www", counted}}));
  }
  void count_nothing() { ASSERT_TRUE(store::write_canaries(path(), kCountingServer, {})); }
  HostTallies sees(const store::Canary& canary) const {
    return store::CanaryCounts(path()).of("www", canary);
  }
  bool comes_to_see(const store::Canary& canary, std::uint64_t failed) const {
    return happens([&] { return sum_of(sees(canary)).candidate.failed() == failed; });
  }
  FleetKeys keys() const {
    FleetKeys keys;
    keys.keys.push_back({.id = key_.id, .key = key_.key.clone()});
    return keys;
  }

 private:
  std::vector<std::string> endpoints_;
  std::string name_;
  crypto::SealingKey key_;
  test::TempDirectory directory_{test::memory_backed_parent()};
  test::MemoryLog log_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Lease> lease_;
};

class FleetCanaryContract : public test::FleetFixture {
 protected:
  std::unique_ptr<CountingHost> join(const std::string& name) {
    return FleetFixture::join<CountingHost>(name);
  }
  std::vector<EtcdItem> told() {
    return raw_->read_all(range_of_prefix("/cl/web/~canaries/")).value().items;
  }

  const store::Canary canary_{.version = 2, .since = SystemClock().now()};
};

TEST_F(FleetCanaryContract, WhatTheHostsCountComesToTheLeader) {
  const auto one = join("one");
  const auto two = join("two");
  const auto three = join("three");
  ASSERT_TRUE(one->lead());
  one->try_out(canary_);
  // Every host tries it out.
  for (const auto* host : {&one, &two, &three}) {
    EXPECT_TRUE(happens([&] { return store::staged_canary((*host)->store(), "www") == canary_; }));
  }
  one->count(canary_, 4, 1);
  two->count(canary_, 5, 2);
  three->count(canary_, 6, 3);
  EXPECT_TRUE(one->comes_to_see(canary_, 6));
  HostTallies seen = one->sees(canary_);
  ASSERT_THAT(seen, SizeIs(2));
  EXPECT_EQ(seen[0].host, "") << "itself, once";
  EXPECT_EQ(seen[0].tally.candidate.failed(), 1U);
  EXPECT_EQ(seen[1].host, store::kOtherHosts);
  EXPECT_EQ(sum_of(seen).current.shown(), 150U);
  // One of them is worse than the rest.
  three->count(canary_, 10, 10);
  EXPECT_TRUE(one->comes_to_see(canary_, 13));
  seen = one->sees(canary_);
  ASSERT_THAT(seen, SizeIs(3));
  EXPECT_THAT((std::vector{seen[1].host, seen[2].host}),
              UnorderedElementsAre("three", store::kOtherHosts));
  EXPECT_THAT(two->sees(canary_), SizeIs(1)) << "it does not lead";
  for (const EtcdItem& item : told()) {
    EXPECT_NE(item.lease, 0U) << "it goes away after its host";
    EXPECT_THAT(item.value, Not(HasSubstr("www"))) << "sealed";
  }
  // Of a canary that has ended nothing is left, anywhere.
  one->end_it();
  for (const auto* host : {&one, &two, &three}) (*host)->count_nothing();
  EXPECT_TRUE(happens([&] { return told().empty(); }));
  EXPECT_TRUE(happens([&] { return one->sees(canary_).size() == 1; }));
}

TEST_F(FleetCanaryContract, TheNextLeaderKnowsWhatWasCounted) {
  const auto one = join("one");
  const auto two = join("two");
  const auto three = join("three");
  ASSERT_TRUE(one->lead());
  one->try_out(canary_);
  one->count(canary_, 5, 2);
  three->count(canary_, 6, 3);
  ASSERT_TRUE(happens([&] { return told().size() == 2; }));
  // It dies with its servers, and what they have counted stays.
  one->stop();
  ASSERT_TRUE(two->lead());
  EXPECT_EQ(sum_of(two->sees(canary_)).candidate.failed(), 5U) << "from its start on";
  EXPECT_EQ(store::staged_canary(two->store(), "www"), canary_);
  // One that does not lead any more leaves nothing that could count twice.
  two->follow();
  ASSERT_TRUE(three->lead());
  EXPECT_TRUE(happens([&] { return two->sees(canary_).size() == 1; }));
  EXPECT_EQ(sum_of(three->sees(canary_)).candidate.failed(), 5U);
}

// What the process before has told hangs on its lease, which lives for minutes.
TEST_F(FleetCanaryContract, ACanaryThatEndedWhileAHostWasDownIsNoLongerToldOf) {
  const auto one = join("one");
  const auto two = join("two");
  ASSERT_TRUE(one->lead());
  one->try_out(canary_);
  two->count(canary_, 5, 2);
  ASSERT_TRUE(happens([&] { return told().size() == 1; }));
  two->stop();
  one->end_it();
  two->count_nothing();
  ASSERT_THAT(told(), SizeIs(1));
  two->start();
  EXPECT_TRUE(happens([&] { return told().empty(); }));
}

TEST_F(FleetCanaryContract, AHostThatComesLateTakesPart) {
  const auto one = join("one");
  ASSERT_TRUE(one->lead());
  one->try_out(canary_);
  const auto late = join("late");
  EXPECT_TRUE(happens([&] { return store::staged_canary(late->store(), "www") == canary_; }));
  EXPECT_EQ(late->store().current_version("www"), 1U);
  late->count(canary_, 6, 6);
  EXPECT_TRUE(one->comes_to_see(canary_, 6));
  // What it has counted of another canary is none of this one.
  late->count({.version = 2, .since = canary_.since - Seconds(60)}, 9, 9);
  EXPECT_TRUE(one->comes_to_see(canary_, 0));
}

TEST_F(FleetCanaryContract, OnlyWhatAHostHasSealedCounts) {
  const auto one = join("one");
  const auto two = join("two");
  ASSERT_TRUE(one->lead());
  one->try_out(canary_);
  two->count(canary_, 5, 2);
  ASSERT_TRUE(one->comes_to_see(canary_, 2));
  // Of somebody without the key, and of a host, but for another place.
  ASSERT_TRUE(raw_->commit(
      {.compares = {},
       .changes = {{.key = "/cl/web/~canaries/evil", .value = "rubbish"},
                   {.key = "/cl/web/~canaries/copied", .value = told().at(0).value}}}));
  two->count(canary_, 6, 3);
  EXPECT_TRUE(one->comes_to_see(canary_, 3));
  EXPECT_THAT(one->sees(canary_), SizeIs(2));
  CanaryBook book("/cl/web/~canaries/", &store::parse_host_canaries);
  ASSERT_TRUE(book.read(*raw_, one->keys()));
  EXPECT_THAT(book.all().value(), SizeIs(1));
}

TEST_F(FleetCanaryContract, TheLeaderIsToldAndAsksForNothing) {
  const auto one = join("one");
  const auto two = join("two");
  ASSERT_TRUE(one->lead());
  one->try_out(canary_);
  two->count(canary_, 5, 2);
  ASSERT_TRUE(one->comes_to_see(canary_, 2));
  // From here on it listens.
  two->count(canary_, 6, 3);
  ASSERT_TRUE(one->comes_to_see(canary_, 3));
  const double reads_before = reads();
  ASSERT_GT(reads_before, 0) << "etcd does not count as it did";
  two->count(canary_, 7, 4);
  ASSERT_TRUE(one->comes_to_see(canary_, 4));
  EXPECT_EQ(reads() - reads_before, 0);
}

// A version that waits for its window is in every copy, and shown by none before the leader says
// so.
TEST_F(FleetCanaryContract, AVersionThatWaitsIsOnEveryHostAndCurrentOnNone) {
  const auto one = join("one");
  const auto two = join("two");
  const auto three = join("three");
  ASSERT_TRUE(one->lead());
  one->install(false);
  one->install(true);
  for (const auto* host : {&two, &three}) {
    ASSERT_TRUE(happens([&] { return store::staged_version((*host)->store(), "www") == 2; }));
    EXPECT_TRUE((*host)->store().load_version("www", 2));
    EXPECT_EQ((*host)->store().current_version("www"), 1U);
  }
  EXPECT_THAT(told(), IsEmpty()) << "nothing is tried out";
  // The leader dies, and the next one finds it waiting.
  one->stop();
  ASSERT_TRUE(two->lead());
  EXPECT_EQ(store::staged_version(two->store(), "www"), 2U);
}

}  // namespace
}  // namespace ccm::fleet
