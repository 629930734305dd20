// SPDX-License-Identifier: Apache-2.0
// The keys of a fleet on a real etcd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "crypto/key/sealed_box.h"
#include "fleet/store/fleet_keyring.h"
#include "support/etcd_cluster.h"
#include "support/test_pki.h"

namespace ccm::fleet {
namespace {

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
  void write(const std::string& key, const std::string& value) {
    ASSERT_TRUE(etcd_->commit({.compares = {}, .changes = {{.key = key, .value = value}}}));
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
  const FleetKeys keys = keyring_->read(one_, id).value();
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
  const FleetKeys before = keyring_->read(one_, id).value();
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
  // Who comes later gets the key before as well.
  const crypto::KeyPair late = test::make_test_key();
  ASSERT_TRUE(keyring_->admit(keyring_->read(one_, id).value(), "late", half_of(late)));
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

}  // namespace
}  // namespace ccm::fleet
