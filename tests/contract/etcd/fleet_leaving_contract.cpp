// SPDX-License-Identifier: Apache-2.0
// A host leaves a fleet, and the change of the key is cut short in the middle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "crypto/certificate/pem_block.h"
#include "crypto/key/sealed_box.h"
#include "fleet/store/fleet_keyring.h"
#include "losing_relay.h"
#include "support/etcd_cluster.h"
#include "support/test_pki.h"

namespace ccm::fleet {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class FleetLeavingContract : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::EtcdCluster::is_installed()) GTEST_SKIP() << "there is no /usr/bin/etcd";
    cluster_ = std::make_unique<test::EtcdCluster>();
    etcd_ = EtcdClient::make({.endpoints = cluster_->endpoints()}).value();
    while (!etcd_->range({.key = "x"})) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    first_key_ = keyring().found(one_, "one").value();
    admit(gone_, "gone");
  }
  FleetKeyring keyring() { return {*etcd_, layout_}; }
  static std::string half_of(const crypto::KeyPair& key) {
    return crypto::public_half(key).value();
  }
  static std::string id_of(const crypto::KeyPair& key) { return fleet_host_id(half_of(key)); }
  FleetKeys keys_of(const crypto::KeyPair& host) {
    FleetKeys keys = keyring().read(host, first_key_).value();
    EXPECT_TRUE(keyring().is_member(host, keys).value());
    return keys;
  }
  void admit(const crypto::KeyPair& host, const std::string& name) {
    ASSERT_TRUE(keyring().admit(keys_of(one_), name, half_of(host)));
  }
  void write(const std::string& key, const std::string& value) {
    ASSERT_TRUE(etcd_->commit({.compares = {}, .changes = {{.key = key, .value = value}}}));
  }
  // So many that each member has a transaction of its own.
  FleetKeys many_keys() {
    FleetKeys keys = keys_of(one_);
    for (int i = 0; i < 98; ++i) keys.keys.push_back(crypto::make_sealing_key().value());
    return keys;
  }
  // Hosts leave, and whoever removes them is killed behind the first part.
  void cut_short(const FleetKeys& keys, const std::vector<std::string>& leave) {
    const std::string& url = cluster_->endpoints().front();
    test::LosingRelay relay(std::stoi(url.substr(url.rfind(':') + 1)));
    const auto etcd = EtcdClient::make({.endpoints = {relay.url()}}).value();
    // It looks for the lock, takes it, and writes.
    const std::string lock = layout_.rotation();
    relay.cut_after(crypto::encode_base64(std::as_bytes(std::span(lock))), 3);
    EXPECT_FALSE(FleetKeyring(*etcd, layout_).rotate(keys, leave, LeftBehind::pass_by));
    // As it goes away by itself.
    ASSERT_TRUE(etcd_->commit({.compares = {}, .changes = {{.key = lock, .value = std::nullopt}}}));
  }
  bool is_in_etcd(const std::string& key) { return !etcd_->range({.key = key})->items.empty(); }
  std::vector<std::string> who_leaves() {
    std::vector<std::string> names;
    const auto note = keyring().leaving(keys_of(one_));
    for (const auto& host : note->hosts) names.push_back(host.name);
    return names;
  }
  std::string newest_of(const crypto::KeyPair& host) {
    return keyring().read(host, first_key_)->keys.front().id;
  }

  const FleetLayout layout_ = FleetLayout::make("web").value();
  const crypto::KeyPair one_ = test::make_test_key();
  const crypto::KeyPair gone_ = test::make_test_key();
  std::unique_ptr<test::EtcdCluster> cluster_;
  std::unique_ptr<EtcdClient> etcd_;
  std::string first_key_;
};

TEST_F(FleetLeavingContract, WhatWasCutShortIsBroughtToItsEnd) {
  std::vector<crypto::KeyPair> hosts;
  // As many as do not fit into one transaction.
  for (int i = 0; i < 70; ++i) {
    hosts.push_back(test::make_test_key());
    admit(hosts.back(), "h");
  }
  const std::string entry = etcd_->range({.key = layout_.member(id_of(gone_))})->items.at(0).value;
  cut_short(keys_of(one_), {id_of(gone_)});
  const std::string half_done = newest_of(one_);
  const auto has_newest = [&](const crypto::KeyPair& host) { return newest_of(host) == half_done; };
  ASSERT_NE(half_done, first_key_);
  ASSERT_FALSE(std::all_of(hosts.begin(), hosts.end(), has_newest));
  ASSERT_FALSE(is_in_etcd(layout_.member(id_of(gone_))));
  EXPECT_THAT(who_leaves(), testing::ElementsAre("gone"));
  // Somebody puts back the entry of who has left.
  write(layout_.member(id_of(gone_)), entry);
  std::vector<std::string> passed_by;
  const std::string next =
      keyring().rotate(keys_of(one_), {id_of(gone_)}, LeftBehind::pass_by, &passed_by).value();
  EXPECT_THAT(passed_by, IsEmpty());
  for (const crypto::KeyPair& host : hosts) EXPECT_EQ(newest_of(host), next);
  EXPECT_EQ(newest_of(gone_), first_key_);
  EXPECT_THAT(keyring().members(keys_of(one_)).value(), SizeIs(71));
  EXPECT_FALSE(is_in_etcd(layout_.leaving()));
  EXPECT_TRUE(keyring().rotate(keys_of(one_), {})) << "nobody is in doubt";
}

TEST_F(FleetLeavingContract, TheNoteComesWithTheKeyThatOpensIt) {
  const crypto::KeyPair other = test::make_test_key();
  admit(other, "other");
  cut_short(many_keys(), {id_of(gone_)});
  EXPECT_NE(newest_of(one_), first_key_);
  EXPECT_EQ(newest_of(other), first_key_);
  EXPECT_THAT(who_leaves(), testing::ElementsAre("gone"));
}

// The host that leaves knows the key before, and has written an entry for another key of its own.
TEST_F(FleetLeavingContract, WhoWasNoMemberGetsNoKeyWhenTheChangeIsDoneAgain) {
  const crypto::KeyPair other = test::make_test_key();
  admit(other, "other");
  const crypto::KeyPair stranger = test::make_test_key();
  const FleetKeys before = keys_of(one_);
  cut_short(many_keys(), {id_of(gone_)});
  const EtcdChange entry =
      entry_of(layout_, before,
               {.id = id_of(stranger), .name = "stranger", .public_half = half_of(stranger)})
          .value();
  write(entry.key, entry.value.value());
  const auto refused = keyring().rotate(keys_of(one_), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::rejected);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("newest key: stranger;"));
  std::vector<std::string> passed_by;
  const std::string next =
      keyring().rotate(keys_of(one_), {id_of(gone_)}, LeftBehind::pass_by, &passed_by).value();
  EXPECT_THAT(passed_by, testing::ElementsAre("stranger"));
  EXPECT_EQ(newest_of(other), next);
  EXPECT_FALSE(is_in_etcd(layout_.key(next, id_of(stranger))));
}

TEST_F(FleetLeavingContract, WhoWasLetInAgainStays) {
  const crypto::KeyPair other = test::make_test_key();
  admit(other, "other");
  cut_short(many_keys(), {id_of(gone_)});
  EXPECT_THAT(who_leaves(), testing::ElementsAre("gone"));
  admit(gone_, "gone");
  // What brings the change to its end is cut short as well, before it comes to that host.
  const std::string half_done = newest_of(one_);
  cut_short(many_keys(), {});
  ASSERT_NE(newest_of(one_), half_done);
  ASSERT_EQ(newest_of(other), first_key_);
  ASSERT_EQ(keyring().read(gone_, half_done)->keys.front().id, half_done);
  EXPECT_THAT(who_leaves(), IsEmpty());
  const std::string next = keyring().rotate(keys_of(one_), {}).value();
  for (const crypto::KeyPair* host : {&one_, &other}) EXPECT_EQ(newest_of(*host), next);
  EXPECT_EQ(keyring().read(gone_, half_done)->keys.front().id, next);
  EXPECT_THAT(keyring().members(keys_of(one_)).value(), SizeIs(3));
  EXPECT_FALSE(is_in_etcd(layout_.leaving()));
}

TEST_F(FleetLeavingContract, ANoteOfBeforeDoesNotComeBack) {
  const FleetKeys keys = keys_of(one_);
  const LeavingNote note{.hosts = {{.id = id_of(gone_), .name = "gone"}}, .others = {id_of(one_)}};
  const std::string place = layout_.leaving();
  write(place, keys.seal(place, serialize(note)).value());
  EXPECT_THAT(who_leaves(), testing::ElementsAre("gone"));
  const std::string next = keyring().rotate(keys, {}).value();
  EXPECT_EQ(newest_of(gone_), next) << "it has an entry with the newest key";
  EXPECT_FALSE(is_in_etcd(place));
  // What somebody puts back is of an older key.
  write(place, keys.seal(place, serialize(note)).value());
  EXPECT_THAT(who_leaves(), IsEmpty());
  // And what is none at all.
  const FleetKeys now = keys_of(one_);
  write(place, now.seal(place, Secret::copy_of("nonsense")).value());
  EXPECT_THAT(who_leaves(), IsEmpty());
  EXPECT_TRUE(keyring().rotate(now, {}));
}

}  // namespace
}  // namespace ccm::fleet
