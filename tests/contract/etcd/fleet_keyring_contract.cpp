// SPDX-License-Identifier: Apache-2.0
// The keys of a fleet on a real etcd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crypto/key/sealed_box.h"
#include "fleet/store/fleet_keyring.h"
#include "support/etcd_cluster.h"
#include "support/test_pki.h"

namespace ccm::fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class KeyringContract : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::EtcdCluster::is_installed()) GTEST_SKIP() << "there is no /usr/bin/etcd";
    cluster_ = std::make_unique<test::EtcdCluster>();
    etcd_ = EtcdClient::make({.endpoints = cluster_->endpoints()}).value();
    while (!etcd_->range({.key = "x"})) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    keyring_ = std::make_unique<FleetKeyring>(*etcd_, layout_);
  }
  static std::string half_of(const crypto::KeyPair& key) {
    return crypto::public_half(key).value();
  }
  // As a member that is about to change something.
  FleetKeys keys_of(const crypto::KeyPair& host, const std::string& id) {
    for (;;) {
      FleetKeys keys = keyring_->read(host, id).value();
      const Result<bool> is_member = keyring_->is_member(host, keys);
      // Somebody changes the keys in this moment.
      if (!is_member && is_member.error().kind() == ErrorKind::transient) continue;
      EXPECT_TRUE(is_member && *is_member);
      return keys;
    }
  }
  void write(const std::string& key, const std::string& value) {
    ASSERT_TRUE(etcd_->commit({.compares = {}, .changes = {{.key = key, .value = value}}}));
  }

  void remove(const std::string& key) {
    ASSERT_TRUE(etcd_->commit({.compares = {}, .changes = {{.key = key, .value = std::nullopt}}}));
  }

  const FleetLayout layout_ = FleetLayout::make("web").value();
  const crypto::KeyPair one_ = test::make_test_key();
  const crypto::KeyPair other_ = test::make_test_key();
  std::unique_ptr<test::EtcdCluster> cluster_;
  std::unique_ptr<EtcdClient> etcd_;
  std::unique_ptr<FleetKeyring> keyring_;
};

TEST_F(KeyringContract, LetsHostsIn) {
  const std::string id = keyring_->found(one_, "one").value();
  EXPECT_EQ(keyring_->found(other_, "other").error().kind(), ErrorKind::rejected);
  const FleetKeys keys = keys_of(one_, id);
  ASSERT_THAT(keys.keys, SizeIs(1));
  EXPECT_EQ(keys.keys.front().id, id);
  EXPECT_EQ(keyring_->read(other_, id).error().kind(), ErrorKind::rejected);
  ASSERT_TRUE(keyring_->admit(keys, "other", half_of(other_)));
  EXPECT_TRUE(keyring_->read(other_, id)->keys.front().key.equals(keys.keys.front().key));
  const auto members = keyring_->members(keys).value();
  ASSERT_THAT(members, SizeIs(2));
  const EtcdPage all = etcd_->read_all(range_of_prefix("/cl/")).value();
  for (const EtcdItem& item : all.items) {
    EXPECT_THAT(item.value, Not(HasSubstr(std::string(keys.keys.front().key.reveal()))));
  }
}

TEST_F(KeyringContract, GivesANewKeyToAllButWhoWasRemoved) {
  const std::string id = keyring_->found(one_, "one").value();
  const FleetKeys before = keys_of(one_, id);
  ASSERT_TRUE(keyring_->admit(before, "other", half_of(other_)));
  const crypto::KeyPair gone = test::make_test_key();
  ASSERT_TRUE(keyring_->admit(before, "gone", half_of(gone)));
  const std::string next = keyring_->rotate(before, {fleet_host_id(half_of(gone))}).value();
  for (const crypto::KeyPair& host : {one_, other_}) {
    const FleetKeys after = keyring_->read(host, id).value();
    ASSERT_THAT(after.keys, SizeIs(2));
    EXPECT_EQ(after.keys[0].id, next) << "seals";
    EXPECT_EQ(after.keys[1].id, id) << "still opens";
  }
  const FleetKeys left = keyring_->read(gone, id).value();
  ASSERT_THAT(left.keys, SizeIs(1)) << "reads what it could read, and nothing new";
  EXPECT_THAT(keyring_->members(keyring_->read(one_, id).value()).value(), SizeIs(2));
  EXPECT_EQ(keyring_->members(before).error().code(), kFleetChanged) << "no list that lacks hosts";
  // Who comes later gets the key before as well.
  const crypto::KeyPair late = test::make_test_key();
  ASSERT_TRUE(keyring_->admit(keys_of(one_, id), "late", half_of(late)));
  const FleetKeys of_late = keyring_->read(late, next).value();
  ASSERT_THAT(of_late.keys, SizeIs(2));
  EXPECT_EQ(of_late.keys[0].id, next);
}

TEST_F(KeyringContract, BelievesNoKeyOfAStranger) {
  const std::string id = keyring_->found(one_, "one").value();
  const std::string host = fleet_host_id(half_of(one_));
  // A box is closed by whoever knows the public key.
  const auto evil = crypto::make_sealing_key().value();
  const std::string place = "/cl/web/keys/" + evil.id + "/" + host;
  write(place, crypto::close_box(half_of(one_), place, evil.key).value());
  const std::string own = "/cl/web/keys/" + id + "/" + host;
  EXPECT_THAT(keyring_->read(one_, id)->keys, SizeIs(1));
  write(own, crypto::close_box(half_of(one_), own, evil.key).value());
  EXPECT_EQ(keyring_->read(one_, id).error().kind(), ErrorKind::rejected) << "the id tells";
}

TEST_F(KeyringContract, OnlyOneBeginsAFleet) {
  for (int i = 0; i < 20; ++i) {
    const FleetLayout layout = FleetLayout::make("race" + std::to_string(i)).value();
    std::atomic<int> begun{0};
    const auto begin = [&](const crypto::KeyPair& host, const std::string& name) {
      const Result<std::string> id = FleetKeyring(*etcd_, layout).found(host, name);
      if (id) ++begun;
      EXPECT_TRUE(id || id.error().kind() == ErrorKind::rejected ||
                  id.error().kind() == ErrorKind::transient);
    };
    std::thread other([&] { begin(other_, "other"); });
    begin(one_, "one");
    other.join();
    EXPECT_EQ(begun, 1) << i;
  }
}

TEST_F(KeyringContract, LetsNobodyInWithAKeyThatWasReplaced) {
  const std::string id = keyring_->found(one_, "one").value();
  const FleetKeys before = keys_of(one_, id);
  ASSERT_TRUE(keyring_->rotate(before, {}));
  EXPECT_EQ(keyring_->admit(before, "other", half_of(other_)).error().kind(), ErrorKind::transient);
  EXPECT_EQ(keyring_->rotate(before, {}).error().kind(), ErrorKind::transient);
  EXPECT_TRUE(keyring_->admit(keys_of(one_, id), "other", half_of(other_)));
}

// Whoever is let in while the key changes gets the new one, too, or is not let in.
TEST_F(KeyringContract, EveryMemberHasTheNewestKeyWhoeverIsLetInMeanwhile) {
  const std::string id = keyring_->found(one_, "one").value();
  std::atomic<bool> is_done{false};
  std::thread rotating([&] {
    FleetKeyring keyring(*etcd_, layout_);
    for (int done = 0; done < 15;) {
      if (keyring.rotate(keys_of(one_, id), {})) ++done;
    }
    is_done = true;
  });
  std::vector<std::pair<crypto::KeyPair, std::string>> members;
  while (!is_done) {
    const crypto::KeyPair host = test::make_test_key();
    const FleetKeys keys = keys_of(one_, id);
    if (keyring_->admit(keys, "late", half_of(host))) {
      members.emplace_back(host, keys.keys.front().id);
    }
  }
  rotating.join();
  const std::string newest = keys_of(one_, id).keys.front().id;
  for (const auto& [host, trusted] : members) {
    EXPECT_EQ(keyring_->read(host, trusted)->keys.front().id, newest);
  }
}

class LargeFleetContract : public KeyringContract {
 protected:
  // As many as do not fit into one transaction.
  void SetUp() override {
    KeyringContract::SetUp();
    if (keyring_ == nullptr) return;
    first_key_ = keyring_->found(one_, "one").value();
    for (int i = 0; i < 70; ++i) {
      hosts_.push_back(test::make_test_key());
      ASSERT_TRUE(keyring_->admit(keys_of(one_, first_key_), "h", half_of(hosts_.back())));
    }
  }
  void expect_all_have(const std::string& newest) {
    for (const crypto::KeyPair& host : hosts_) {
      EXPECT_EQ(keyring_->read(host, first_key_)->keys.front().id, newest);
    }
  }

  std::string first_key_;
  std::vector<crypto::KeyPair> hosts_;  // without the first
};

TEST_F(LargeFleetContract, GivesTheNewKeyToAll) {
  const std::string gone = fleet_host_id(half_of(hosts_.back()));
  const std::string next = keyring_->rotate(keys_of(one_, first_key_), {gone}).value();
  hosts_.pop_back();
  expect_all_have(next);
  EXPECT_THAT(keyring_->members(keys_of(one_, first_key_)).value(), SizeIs(70));
}

TEST_F(LargeFleetContract, TwoThatChangeTheKeyAtOnceLeaveOneKey) {
  const auto change = [&](const crypto::KeyPair& host) {
    FleetKeyring keyring(*etcd_, layout_);
    for (int done = 0; done < 3;) {
      const Result<std::string> id = keyring.rotate(keys_of(host, first_key_), {});
      if (id) ++done;
      EXPECT_TRUE(id || id.error().code() == kFleetChanged) << id.error().message();
    }
  };
  std::thread other([&] { change(hosts_.back()); });
  change(one_);
  other.join();
  const FleetKeys keys = keys_of(one_, first_key_);
  EXPECT_THAT(keys.keys, SizeIs(7));
  expect_all_have(keys.keys.front().id);
  EXPECT_THAT(keyring_->members(keys).value(), SizeIs(71));
}

// A fleet that grows and shrinks gets a key with each host that leaves.
TEST_F(KeyringContract, LetsAHostInHoweverManyKeysThereWere) {
  const std::string id = keyring_->found(one_, "one").value();
  FleetKeys keys = keys_of(one_, id);
  for (int i = 0; i < 250; ++i) keys.keys.push_back(crypto::make_sealing_key().value());
  ASSERT_TRUE(keyring_->admit(keys, "other", half_of(other_)));
  EXPECT_THAT(etcd_->read_all(range_of_prefix(layout_.keys()))->items, SizeIs(252));
  EXPECT_EQ(keyring_->read(other_, id)->keys.front().id, id);
  EXPECT_TRUE(keyring_->is_member(other_, keys).value());
}

// A host without the new key would make one that those with it do not get.
TEST_F(LargeFleetContract, AChangeThatWasCutShortIsDoneAgainByWhoeverHasTheKey) {
  const EtcdPage before = etcd_->read_all(range_of_prefix(layout_.members())).value();
  const std::string half_done = keyring_->rotate(keys_of(one_, first_key_), {}).value();
  for (std::size_t i = 30; i < hosts_.size(); ++i) {
    const std::string id = fleet_host_id(half_of(hosts_[i]));
    for (const EtcdItem& item : before.items) {
      if (item.key == layout_.member(id)) write(item.key, item.value);
    }
    ASSERT_TRUE(etcd_->commit(
        {.compares = {}, .changes = {{.key = layout_.key(half_done, id), .value = {}}}}));
  }
  remove(layout_.complete());
  // While somebody who has the key does it again, and holds the lock, which nobody else can read.
  const std::string lock = layout_.rotation();
  const std::string value =
      keys_of(one_, first_key_).seal(lock, Secret::copy_of("somebody")).value();
  const EtcdLease lease = etcd_->grant(std::chrono::seconds(60)).value();
  ASSERT_TRUE(etcd_->commit(
      {.compares = {}, .changes = {{.key = lock, .value = value, .end = {}, .lease = lease}}}));
  EXPECT_EQ(keyring_->rotate(keys_of(hosts_.back(), first_key_), {}).error().code(), kFleetChanged);
  ASSERT_THAT(etcd_->range({.key = lock})->items, SizeIs(1)) << "nobody takes it away";
  EXPECT_EQ(etcd_->range({.key = lock})->items.at(0).value, value);
  ASSERT_TRUE(etcd_->revoke(lease));
  const auto refused = keyring_->rotate(keys_of(hosts_.back(), first_key_), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::rejected);
  EXPECT_THAT(refused.error().message(), HasSubstr("`ccmctl fleet keys` shows " + half_done));
  const auto doubted = keyring_->rotate(keys_of(hosts_.front(), first_key_), {});
  ASSERT_FALSE(doubted) << "they may have left";
  EXPECT_THAT(doubted.error().message(), HasSubstr("do not have the fleet's newest key: h, "));
  const std::string next =
      keyring_->rotate(keys_of(hosts_.front(), first_key_), {}, LeftBehind::take_in).value();
  expect_all_have(next);
  EXPECT_EQ(keys_of(one_, first_key_).keys.front().id, next);
  EXPECT_THAT(keys_of(hosts_.back(), first_key_).keys, SizeIs(3)) << "nothing stays unreadable";
}

// Somebody who may write to etcd wants a host that was removed to get the next key.
TEST_F(KeyringContract, WhoHasLeftGetsNoKeyWhenItsEntryIsPutBack) {
  const std::string id = keyring_->found(one_, "one").value();
  const crypto::KeyPair gone = test::make_test_key();
  ASSERT_TRUE(keyring_->admit(keys_of(one_, id), "other", half_of(other_)));
  ASSERT_TRUE(keyring_->admit(keys_of(one_, id), "gone", half_of(gone)));
  const std::string host = fleet_host_id(half_of(gone));
  const std::string entry = etcd_->range({.key = layout_.member(host)})->items.at(0).value;
  ASSERT_TRUE(keyring_->rotate(keys_of(one_, id), {host}, LeftBehind::pass_by));
  const auto newest_of = [&](const crypto::KeyPair& key) {
    return keyring_->read(key, id)->keys.front().id;
  };
  write(layout_.member(host), entry);
  const std::string next = keyring_->rotate(keys_of(one_, id), {}).value();
  EXPECT_EQ(newest_of(other_), next);
  EXPECT_EQ(newest_of(gone), id);
  // Without the note it might be one that a change has not reached.
  remove(layout_.complete());
  const auto refused = keyring_->rotate(keys_of(one_, id), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::rejected);
  EXPECT_THAT(refused.error().message(), HasSubstr("the fleet's newest key: gone; "));
  EXPECT_EQ(newest_of(other_), next) << "nothing was changed";
  const std::string last = keyring_->rotate(keys_of(one_, id), {host}, LeftBehind::pass_by).value();
  EXPECT_EQ(newest_of(other_), last);
  EXPECT_EQ(newest_of(gone), id);
  EXPECT_TRUE(keyring_->rotate(keys_of(one_, id), {})) << "it is gone for good";
}

// Removing one says nothing of the others.
TEST_F(KeyringContract, ARemovalLeavesOthersInDoubtWhereTheyWere) {
  const std::string id = keyring_->found(one_, "one").value();
  const crypto::KeyPair gone = test::make_test_key();
  ASSERT_TRUE(keyring_->admit(keys_of(one_, id), "other", half_of(other_)));
  ASSERT_TRUE(keyring_->admit(keys_of(one_, id), "gone", half_of(gone)));
  const std::string other = layout_.member(fleet_host_id(half_of(other_)));
  const std::string entry = etcd_->range({.key = other})->items.at(0).value;
  ASSERT_TRUE(keyring_->rotate(keys_of(one_, id), {}));
  write(other, entry);
  remove(layout_.complete());
  const std::string left = fleet_host_id(half_of(gone));
  std::vector<std::string> passed_by;
  ASSERT_TRUE(keyring_->rotate(keys_of(one_, id), {left}, LeftBehind::pass_by, &passed_by));
  EXPECT_THAT(passed_by, ElementsAre("other"));
  EXPECT_FALSE(keyring_->rotate(keys_of(one_, id), {}));
  const std::string next = keyring_->rotate(keys_of(one_, id), {}, LeftBehind::take_in).value();
  EXPECT_EQ(keyring_->read(other_, id)->keys.front().id, next);
}

TEST_F(KeyringContract, OneAtATimeChangesTheKey) {
  const std::string id = keyring_->found(one_, "one").value();
  const std::string lock = layout_.rotation();
  const FleetKeys keys = keys_of(one_, id);
  const std::string value = keys.seal(lock, Secret::copy_of("somebody")).value();
  const EtcdLease lease = etcd_->grant(std::chrono::seconds(60)).value();
  ASSERT_TRUE(etcd_->commit(
      {.compares = {}, .changes = {{.key = lock, .value = value, .end = {}, .lease = lease}}}));
  EXPECT_EQ(keyring_->rotate(keys, {}).error().code(), kFleetChanged);
  ASSERT_TRUE(etcd_->revoke(lease));
  EXPECT_TRUE(keyring_->rotate(keys, {}));
  EXPECT_THAT(etcd_->range({.key = lock})->items, SizeIs(0)) << "it is let go";
  // Of a stranger, and of one who has put it back.
  for (const std::string& stray : {std::string("x"), value}) {
    write(lock, stray);
    EXPECT_TRUE(keyring_->rotate(keys_of(one_, id), {}));
  }
}

}  // namespace
}  // namespace ccm::fleet
