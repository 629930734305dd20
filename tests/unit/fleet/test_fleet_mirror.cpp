// SPDX-License-Identifier: Apache-2.0
// The mirror without an etcd: what it is told comes from the test.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../contract/cloud/loopback_server.h"
#include "base/text.h"
#include "fleet/store/fleet_mirror.h"
#include "store/file_store/file_inbox.h"
#include "store/host/fleet_note.h"
#include "store/staging.h"
#include "support/full_disk.h"
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
  EtcdEvent note_of(const std::string& name, std::uint64_t version,
                    const std::string& text = "id: 1\n") {
    const std::string key = layout_.grant(name);
    const Secret note = serialize(Secret::copy_of(text), version);
    return {.item = {.key = key, .value = keys_.seal(key, note).value(), .modified = ++revision_}};
  }
  // With room for a small note, not for a large one.
  Result<void> hear_without_room(std::vector<EtcdEvent> events) {
    const test::FullDisk full(32U << 10U);
    return mirror_.apply({.events = std::move(events), .revision = revision_});
  }
  std::uint64_t mark() const { return store::read_granted_mark(reader_.state_path()); }
  std::optional<std::string> granted(const std::string& name) const {
    return store::FileInbox(reader_.state_path()).granted(name);
  }
  void hear(EtcdEvent event) {
    ASSERT_TRUE(mirror_.apply({.events = {std::move(event)}, .revision = revision_}));
  }

  const std::string large_ = std::string(48U << 10U, 'x');  // of a note
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

// Its memory does not grow with every request there ever was.
TEST_F(FleetMirrorTest, KnowsARequestThatIsGoneWhileItIsGood) {
  std::atomic<std::int64_t> date{1'800'000'000};
  const test::LoopbackServer member([&](test::Connection& connection) {
    while (connection.read_request()) {
      const std::time_t now = date;
      std::tm parts{};
      gmtime_r(&now, &parts);
      char text[64];
      std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
      connection.answer("200 OK", R"({"header":{"revision":"1"}})", text);
    }
  });
  const auto etcd = EtcdClient::make({.endpoints = {member.url("")}}).value();
  FleetMirror mirror(*etcd, layout_, keys_, reader_, log_);
  const std::string key = layout_.request("0123456789abcdef", "www");
  const auto hear = [&](EtcdEvent event) {
    event.item.modified = ++revision_;
    ASSERT_TRUE(mirror.apply({.events = {std::move(event)}, .revision = revision_}));
  };
  const auto leave = [&] {
    const Letter letter{.text = Secret::copy_of("wish: renew\n"), .left = etcd->now()};
    hear({.item = {.key = key, .value = keys_.seal(key, serialize(letter)).value()}});
  };
  const auto is_waiting = [&] {
    return store::FileInbox(directory_.path()).is_waiting({"0123456789abcdef", "www"});
  };
  ASSERT_TRUE(etcd->range({.key = "x"}));
  leave();
  ASSERT_TRUE(is_waiting());
  hear({.item = {.key = key, .value = ""}, .is_removed = true});
  date += TakenRequests::kKept.count() - 60;
  ASSERT_TRUE(etcd->range({.key = "x"}));
  leave();
  EXPECT_FALSE(is_waiting()) << "it is gone";
  date += 120;
  ASSERT_TRUE(etcd->range({.key = "x"}));
  leave();
  EXPECT_TRUE(is_waiting()) << "nothing is known of it any more";
}

TEST_F(FleetMirrorTest, ANoteThatCouldNotBeCopiedIsCopiedLater) {
  const EtcdEvent note = note_of("www", 10, large_);
  const Result<void> failed = hear_without_room({note});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), kCopyFailed);
  EXPECT_EQ(mark(), 0U);
  // Of another certificate, in between.
  hear(note_of("mail", 11));
  EXPECT_EQ(mark(), revision_);
  hear(note);
  EXPECT_EQ(granted("www"), large_);
  EXPECT_EQ(log_.text(), "");
}

// The process that follows next hears of both notes again.
TEST_F(FleetMirrorTest, ANoteThatCouldNotBeCopiedHoldsTheMarkBack) {
  const EtcdEvent note = note_of("www", 10, large_);
  ASSERT_FALSE(hear_without_room({note, note_of("mail", 11)}));
  EXPECT_EQ(granted("mail"), "id: 1\n");
  EXPECT_EQ(mark(), 0U);
}

TEST_F(FleetMirrorTest, ANoteThatIsTooOldStaysSoWhenAllIsHeardAgain) {
  hear(note_of("mail", 10));
  const EtcdEvent old = note_of("www", 10);
  for (int i = 0; i < 2; ++i) {
    hear(old);
    EXPECT_EQ(granted("www"), std::nullopt);
    mirror_.hear_all_again();
  }
}

}  // namespace
}  // namespace ccm::fleet
