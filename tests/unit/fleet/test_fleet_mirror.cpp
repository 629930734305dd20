// SPDX-License-Identifier: Apache-2.0
// The mirror without an etcd: what it is told comes from the test.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/text.h"
#include "fleet/store/fleet_mirror.h"
#include "store/staging.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"

namespace ccm::fleet {
namespace {

class CountingReader : public store::FileReader {
 public:
  using FileReader::FileReader;
  Result<std::optional<store::StoredRecord>> read_record(std::string_view name,
                                                         std::string_view kind) const override {
    ++reads;
    return FileReader::read_record(name, kind);
  }
  mutable int reads = 0;
};

class FleetMirrorTest : public testing::Test {
 protected:
  FleetMirrorTest() {
    const crypto::SealingKey key = crypto::make_sealing_key().value();
    keys_.keys.push_back({.id = key.id, .key = key.key.clone()});
  }
  std::string staged_key(const std::string& name) const {
    return layout_.record(name, store::kStagedKind);
  }
  void put_staged(const std::string& name, const std::string& text) {
    const std::string key = staged_key(name);
    ++revision_;
    const Secret record = serialize(Secret::copy_of(std::string_view(text)), revision_);
    hear({.item = {.key = key, .value = keys_.seal(key, record).value(), .modified = revision_}});
  }
  void remove_staged(const std::string& name) {
    hear({.item = {.key = staged_key(name), .value = "", .modified = ++revision_},
          .is_removed = true});
  }
  void hear(EtcdEvent event) {
    ASSERT_TRUE(mirror_.apply({.events = {std::move(event)}, .revision = revision_}));
  }

  test::TempDirectory directory_;
  test::MemoryLog log_;
  FleetKeys keys_;
  EtcdRevision revision_ = 10;
  const FleetLayout layout_ = FleetLayout::make("web").value();
  const std::unique_ptr<EtcdClient> etcd_ =
      EtcdClient::make({.endpoints = {"http://127.0.0.1:1"}}).value();
  const CountingReader reader_{directory_.path()};
  FleetMirror mirror_{*etcd_, layout_, keys_, reader_, log_};
};

TEST_F(FleetMirrorTest, KnowsWhetherAVersionIsTriedOutWithoutReadingItAgain) {
  EXPECT_FALSE(mirror_.has_canary());
  put_staged("www", "version: 2\n");
  EXPECT_FALSE(mirror_.has_canary()) << "it only waits";
  put_staged("www", "version: 2\ncanary_since: 1800000000\n");
  put_staged("mail", "version: 5\ncanary_since: 1800000000\n");
  const int reads = reader_.reads;
  EXPECT_TRUE(mirror_.has_canary());
  EXPECT_TRUE(mirror_.has_canary());
  EXPECT_EQ(reader_.reads, reads);
  remove_staged("www");
  EXPECT_TRUE(mirror_.has_canary()) << "of mail";
  put_staged("mail", "version: 5\n");
  EXPECT_FALSE(mirror_.has_canary()) << "its canary has ended";
}

}  // namespace
}  // namespace ccm::fleet
