// SPDX-License-Identifier: Apache-2.0
// What an operator asks of a fleet's leader, on a real etcd, and what a fault makes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "crypto/certificate/pem_block.h"
#include "fleet/store/taken_requests.h"
#include "fleet_machine.h"
#include "losing_relay.h"

namespace ccm::fleet {
namespace {

using test::happens;
using test::LosingRelay;
using test::Machine;

class FleetRequestsContract : public test::FleetFixture {
 protected:
  void SetUp() override {
    FleetFixture::SetUp();
    if (cluster_ == nullptr) return;
    const std::string& url = cluster_->endpoints().front();
    relay_.emplace(std::stoi(url.substr(url.rfind(':') + 1)));
  }
  static std::string key_of(const store::Ticket& ticket) {
    return "/cl/web/inbox/" + ticket.id + "-" + ticket.name;
  }
  // Of the transaction that takes it, which etcd carries out.
  void lose_answers(const store::Ticket& ticket, int answers) {
    const std::string key = key_of(ticket);
    relay_->lose(crypto::encode_base64(std::as_bytes(std::span(key))), answers);
  }
  void remove_leader() {
    ASSERT_TRUE(raw_->commit(
        {.compares = {}, .changes = {{.key = "/cl/web/leader", .value = std::nullopt}}}));
  }
  static bool has_note(Machine& machine, const std::string& note) {
    return happens([&] { return machine.store().inbox().granted("www").value_or("") == note; });
  }
  bool is_in_etcd(const std::string& key) { return !raw_->range({.key = key})->items.empty(); }

  std::optional<LosingRelay> relay_;
};

// Somebody removes the leader's key just then, or its lease ends.
TEST_F(FleetRequestsContract, OnlyWhoLeadsTakesARequest) {
  const auto one = join("one");
  const auto other = join("other");
  ASSERT_TRUE(one->lead());
  const store::Ticket ticket = leave(*other, store::Wish::forget, *one);
  remove_leader();
  const Result<void> taken = one->store().inbox().take(one->lease(), ticket, std::nullopt);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind(), ErrorKind::transient);
  ASSERT_TRUE(other->lead());
  EXPECT_TRUE(one->store().inbox().is_waiting(ticket)) << "nothing was lost";
  EXPECT_TRUE(other->store().inbox().take(other->lease(), ticket, std::nullopt));
  EXPECT_TRUE(happens([&] { return !one->store().inbox().is_waiting(ticket); }));
}

// The agent of that host may be late, or not run at all.
TEST_F(FleetRequestsContract, TakesBackWhatTheCopyHasNotHeardOf) {
  const auto one = join("one");
  const auto other = join("other");
  other->stop();
  const auto ctl = other->open();
  const auto leave_there = [&] {
    const store::Request wish{.wish = store::Wish::forget, .name = "www"};
    return store::Ticket{.id = ctl->inbox().leave(wish).value(), .name = "www"};
  };
  const store::Ticket ticket = leave_there();
  ASSERT_FALSE(ctl->inbox().is_waiting(ticket));
  EXPECT_EQ(ctl->inbox().withdraw(ticket), store::Withdrawal::taken_back);
  EXPECT_FALSE(is_in_etcd(key_of(ticket)));
  ASSERT_TRUE(one->lead());
  const store::Ticket begun = leave_there();
  ASSERT_TRUE(happens([&] { return one->store().inbox().is_waiting(begun); }));
  ASSERT_TRUE(one->store().inbox().take(one->lease(), begun, std::nullopt));
  EXPECT_EQ(ctl->inbox().withdraw(begun), store::Withdrawal::gone);
  const store::Ticket left = leave_there();
  cluster_->kill_member(0);
  EXPECT_EQ(ctl->inbox().withdraw(left), store::Withdrawal::may_be_served);
}

TEST_F(FleetRequestsContract, TakesBackWhatEtcdHasRemovedAlthoughTheAnswerIsLost) {
  Machine one({relay_->url()}, "one", key_);
  ASSERT_TRUE(one.lead());
  const auto ctl = one.open();
  // There is a record of what was taken, without the request or not at all.
  for (int i = 0; i < 2; ++i) {
    const store::Ticket ticket = leave(one, store::Wish::forget);
    relay_->lose("request_delete_range", 1);
    EXPECT_EQ(ctl->inbox().withdraw(ticket), store::Withdrawal::taken_back);
    EXPECT_EQ(relay_->left(), 0);
    EXPECT_FALSE(is_in_etcd(key_of(ticket)));
    FleetKeys keys;
    keys.keys.push_back({.id = key_.id, .key = key_.key.clone()});
    for (const char digit : std::string("0123456789abcdef")) {
      const std::string place = std::string("/cl/web/records//taken-") + digit;
      TakenRequests others;
      others.add("an-earlier-one", raw_->now());
      const std::string sealed = keys.seal(place, serialize(others.serialize(), 1)).value();
      ASSERT_TRUE(raw_->commit({.compares = {}, .changes = {{.key = place, .value = sealed}}}));
    }
  }
}

TEST_F(FleetRequestsContract, DoesNotTakeBackWhatALeaderTakesAtThatMoment) {
  const auto one = join("one");
  ASSERT_TRUE(one->lead());
  Machine other({relay_->url()}, "other", key_);
  other.stop();
  const auto ctl = other.open();
  const store::Request wish{.wish = store::Wish::forget, .name = "www"};
  const store::Ticket ticket{.id = ctl->inbox().leave(wish).value(), .name = "www"};
  ASSERT_TRUE(happens([&] { return one->store().inbox().is_waiting(ticket); }));
  bool is_taken = false;
  relay_->before("request_delete_range", [&] {
    is_taken = one->store().inbox().take(one->lease(), ticket, std::nullopt).has_value();
  });
  EXPECT_EQ(ctl->inbox().withdraw(ticket), store::Withdrawal::gone);
  EXPECT_TRUE(is_taken);
}

// A kill behind it leaves the renewal wanted.
TEST_F(FleetRequestsContract, TheNoteOfARenewalComesWithItsRequest) {
  const auto one = join("one");
  ASSERT_TRUE(one->lead());
  const store::Ticket ticket = leave(*one, store::Wish::renew);
  ASSERT_TRUE(one->store().inbox().take(one->lease(), ticket, "id: 1\n"));
  const EtcdItem note = raw_->range({.key = "/cl/web/granted/www"})->items.at(0);
  const EtcdItem taken =
      raw_->range({.key = "/cl/web/records//taken-" + ticket.id.substr(0, 1)})->items.at(0);
  EXPECT_EQ(note.modified, taken.modified) << "in one transaction";
  EXPECT_EQ(one->store().inbox().granted("www"), "id: 1\n");
}

// What is granted then has an earlier revision than what etcd has lost.
TEST_F(FleetRequestsContract, BelievesTheNoteOfARenewalWhenABackupOfEtcdIsRestored) {
  const auto one = join("one");
  const auto other = join("other");
  const auto away = join("away");
  ASSERT_TRUE(one->lead());
  const auto etcd_answers = [&] { return raw_->range({.key = "x"}).has_value(); };
  cluster_->save();
  ASSERT_TRUE(happens(etcd_answers));
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(raw_->commit({.compares = {}, .changes = {{.key = "busy", .value = "x"}}}));
  }
  ASSERT_TRUE(happens([&] { return one->store().inbox().grant("www", "id: 1\n").has_value(); }));
  for (Machine* machine : {one.get(), other.get(), away.get()}) {
    ASSERT_TRUE(has_note(*machine, "id: 1\n"));
  }
  away->stop();
  one->store().inbox().drop_granted("www");
  ASSERT_TRUE(has_note(*other, ""));
  const std::uint64_t lost = store::read_granted_mark(other->path());
  cluster_->restore();
  ASSERT_TRUE(happens(etcd_answers));
  away->start();
  for (Machine* machine : {one.get(), other.get(), away.get()}) {
    EXPECT_TRUE(happens([&] { return store::read_granted_mark(machine->path()) == 0; }));
  }
  ASSERT_TRUE(happens([&] { return one->store().inbox().grant("www", "id: 2\n").has_value(); }));
  for (Machine* machine : {one.get(), other.get(), away.get()}) {
    EXPECT_TRUE(has_note(*machine, "id: 2\n"));
    EXPECT_TRUE(happens([&] {
      const std::uint64_t mark = store::read_granted_mark(machine->path());
      return mark > 0 && mark < lost;
    }));
  }
}

// All that etcd has lost is what the host has written itself, before its watch has begun again.
TEST_F(FleetRequestsContract, NoticesThatEtcdHasLostWhatItHasWrittenItself) {
  const auto etcd_answers = [&] { return raw_->range({.key = "x"}).has_value(); };
  Machine one({relay_->url()}, "one", key_);
  store::Inbox& inbox = one.store().inbox();
  ASSERT_TRUE(happens([&] { return inbox.grant("www", "id: 1\n").has_value(); }));
  ASSERT_TRUE(has_note(one, "id: 1\n"));
  relay_->lose("create_request", 1000);
  cluster_->save();
  ASSERT_TRUE(happens(etcd_answers));
  ASSERT_TRUE(happens([&] { return relay_->left() < 1000; }));
  ASSERT_TRUE(happens([&] { return inbox.grant("www", "id: 2\n").has_value(); }));
  ASSERT_TRUE(has_note(one, "id: 2\n"));
  relay_->lose("", 0);
  cluster_->restore();
  ASSERT_TRUE(happens(etcd_answers));
  EXPECT_TRUE(
      happens([&] { return one.log().text().find("etcd has gone back") != std::string::npos; }));
  EXPECT_TRUE(has_note(one, "id: 1\n"));
}

// Its copy may lack the note.
TEST_F(FleetRequestsContract, DropsTheNoteOfARenewalInEtcdWhateverTheCopyHas) {
  const auto one = join("one");
  const auto other = join("other");
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(one->store().inbox().grant("www", "id: 1\n"));
  ASSERT_TRUE(has_note(*other, "id: 1\n"));
  ASSERT_TRUE(std::filesystem::remove(one->path() + "/granted-www"));
  one->store().inbox().drop_granted("www");
  EXPECT_FALSE(is_in_etcd("/cl/web/granted/www"));
  EXPECT_TRUE(has_note(*other, ""));
}

TEST_F(FleetRequestsContract, TakesARequestOnceAlthoughOneAnswerIsLost) {
  Machine one({relay_->url()}, "one", key_);
  ASSERT_TRUE(one.lead());
  store::Inbox& inbox = one.store().inbox();
  const store::Ticket ticket = leave(one, store::Wish::roll_back);
  lose_answers(ticket, 1);
  EXPECT_TRUE(inbox.take(one.lease(), ticket, std::nullopt)) << "it has asked once more";
  EXPECT_EQ(relay_->left(), 0);
  EXPECT_FALSE(is_in_etcd(key_of(ticket)));
  EXPECT_EQ(inbox.take(one.lease(), ticket, std::nullopt).error().kind(), ErrorKind::rejected);
}

// It is served all the same, and not twice.
TEST_F(FleetRequestsContract, KnowsWhatItHasTakenAlthoughEveryAnswerIsLost) {
  Machine one({relay_->url()}, "one", key_);
  ASSERT_TRUE(one.lead());
  store::Inbox& inbox = one.store().inbox();
  for (const store::Wish wish : {store::Wish::roll_back, store::Wish::renew}) {
    const bool is_renewal = wish == store::Wish::renew;
    const auto note = is_renewal ? std::optional<std::string>("id: 1\n") : std::nullopt;
    const store::Ticket ticket = leave(one, wish);
    lose_answers(ticket, 2);
    const Result<void> lost = inbox.take(one.lease(), ticket, note);
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().kind(), ErrorKind::transient);
    EXPECT_EQ(relay_->left(), 0);
    EXPECT_FALSE(is_in_etcd(key_of(ticket)));
    EXPECT_EQ(is_in_etcd("/cl/web/granted/www"), is_renewal);
    ASSERT_TRUE(happens([&] { return !inbox.is_waiting(ticket); })) << "it hears of it";
    EXPECT_TRUE(inbox.take(one.lease(), ticket, note));
    EXPECT_EQ(inbox.take(one.lease(), ticket, note).error().kind(), ErrorKind::rejected);
    EXPECT_EQ(inbox.granted("www"), note);
  }
}

// Another one leads by then, and the note of the renewal is with that.
TEST_F(FleetRequestsContract, ServesNothingThatItHasTakenWhenAnotherOneLeads) {
  Machine one({relay_->url()}, "one", key_);
  const auto two = join("two");
  ASSERT_TRUE(one.lead());
  const store::Ticket ticket = leave(one, store::Wish::renew);
  lose_answers(ticket, 2);
  ASSERT_FALSE(one.store().inbox().take(one.lease(), ticket, "id: 1\n"));
  ASSERT_TRUE(happens([&] { return !one.store().inbox().is_waiting(ticket); }));
  remove_leader();
  ASSERT_TRUE(two->lead());
  EXPECT_EQ(one.store().inbox().take(one.lease(), ticket, "id: 1\n").error().kind(),
            ErrorKind::transient);
  EXPECT_EQ(two->store().inbox().granted("www"), "id: 1\n");
}

}  // namespace
}  // namespace ccm::fleet
