// SPDX-License-Identifier: Apache-2.0
// Somebody who may write to etcd, and has none of the fleet's keys, puts back what lay there
// before: sealed by the fleet, and no longer true.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "fleet/hosts/overview_reader.h"
#include "fleet_machine.h"

namespace ccm::fleet {
namespace {

using test::happens;
using test::Machine;

class FleetReplayContract : public test::FleetFixture {
 protected:
  void write(const std::string& key, const std::string& value) {
    ASSERT_TRUE(raw_->commit({.compares = {}, .changes = {{.key = key, .value = value}}}));
  }
  void remove(const std::string& key) {
    ASSERT_TRUE(raw_->commit({.compares = {}, .changes = {{.key = key, .value = std::nullopt}}}));
  }
  std::string read(const std::string& key) {
    const EtcdPage page = raw_->range({.key = key}).value();
    return page.items.empty() ? "" : page.items.front().value;
  }
  static bool has_said(Machine& machine, const std::string& words) {
    return happens([&] { return machine.log().text().find(words) != std::string::npos; });
  }
  // Of the record "order" of "www"; empty when there is none.
  static std::string order_of(Machine& machine) {
    const auto record = machine.store().read_record("www", "order");
    return record && *record ? std::string((*record)->value.reveal()) : "";
  }
  static bool has_order(Machine& machine, const std::string& wanted) {
    return happens([&] { return order_of(machine) == wanted; });
  }
  // In the place of the one that is there.
  static void order(Machine& leader, const std::string& value) {
    const auto there = leader.store().read_record("www", "order").value();
    ASSERT_TRUE(leader.store().write_record(leader.lease(), "www", "order", Secret::copy_of(value),
                                            there ? there->version : 0));
  }

  const std::string order_ = "/cl/web/records/www/order";
};

TEST_F(FleetReplayContract, ARecordDoesNotGoBack) {
  const auto one = join("one");
  const auto other = join("other");
  ASSERT_TRUE(one->lead());
  order(*one, "old");
  const std::string old = read(order_);
  order(*one, "new");
  ASSERT_TRUE(has_order(*other, "new"));
  write(order_, old);
  for (Machine* machine : {one.get(), other.get()}) {
    EXPECT_TRUE(has_said(*machine, "records/www/order is older than what was there before"));
    EXPECT_EQ(order_of(*machine), "new");
  }
  // Not after a restart either.
  other->stop();
  other->start();
  ASSERT_TRUE(has_order(*other, "new"));
  ASSERT_TRUE(one->store().inbox().grant("www", "a sign"));
  ASSERT_TRUE(happens([&] { return other->store().inbox().granted("www").has_value(); }));
  EXPECT_EQ(order_of(*other), "new");
  // The leader mends it with whatever it writes next, and a new host has that.
  order(*one, "newer");
  EXPECT_TRUE(has_order(*other, "newer"));
  const auto late = join("late");
  EXPECT_TRUE(has_order(*late, "newer"));
}

TEST_F(FleetReplayContract, ANewKeyMakesNoRecordOldAndNoOldOneNew) {
  const auto one = join("one");
  const auto other = join("other");
  ASSERT_TRUE(one->lead());
  order(*one, "done");
  const std::string done = read(order_);
  ASSERT_TRUE(one->store().remove_record(one->lease(), "www", "order"));
  ASSERT_TRUE(one->store().write_record(one->lease(), "www", "state", Secret::copy_of("s"), 0));
  ASSERT_TRUE(
      happens([&] { return other->store().read_record("www", "state").value().has_value(); }));
  write(order_, done);
  EXPECT_TRUE(has_said(*other, "records/www/order is older than what was there before"));
  // The other reads the keys, and with them takes in again all that it knew before.
  other->gets(crypto::make_sealing_key().value());
  write("/cl/web/hosts/id-of-other", "has another key");
  ASSERT_TRUE(one->store().write_record(one->lease(), "www", "hold", Secret::copy_of("h"), 0));
  EXPECT_TRUE(
      happens([&] { return other->store().read_record("www", "hold").value().has_value(); }));
  EXPECT_EQ(order_of(*other), "");
  EXPECT_EQ(other->log().text().find("records/www/state is older"), std::string::npos);
}

TEST_F(FleetReplayContract, ARecordThatWasRemovedDoesNotComeBack) {
  const auto one = join("one");
  const auto other = join("other");
  ASSERT_TRUE(one->lead());
  order(*one, "done");
  const std::string done = read(order_);
  ASSERT_TRUE(has_order(*other, "done"));
  ASSERT_TRUE(one->store().remove_record(one->lease(), "www", "order"));
  ASSERT_TRUE(has_order(*other, ""));
  write(order_, done);
  for (Machine* machine : {one.get(), other.get()}) {
    EXPECT_TRUE(has_said(*machine, "records/www/order is older than what was there before"));
    EXPECT_EQ(order_of(*machine), "");
  }
  order(*one, "next");
  EXPECT_TRUE(has_order(*other, "next"));
}

TEST_F(FleetReplayContract, ARequestIsNotServedTwice) {
  const auto one = join("one");
  const auto other = join("other");
  ASSERT_TRUE(one->lead());
  const store::Ticket ticket = leave(*other, store::Wish::forget, *one);
  const std::string key = "/cl/web/inbox/" + ticket.id + "-www";
  const std::string request = read(key);
  EXPECT_GT(raw_->range({.key = key})->items.at(0).lease, 0U) << "it goes away by itself";
  one->store().inbox().withdraw(ticket);
  ASSERT_TRUE(happens([&] { return !other->store().inbox().is_waiting(ticket); }));
  write(key, request);
  // The leader has withdrawn it itself, and takes no notice.
  EXPECT_TRUE(has_said(*other, "was asked for before"));
  order(*one, "a sign");
  for (Machine* machine : {one.get(), other.get()}) {
    EXPECT_TRUE(has_order(*machine, "a sign"));
    EXPECT_FALSE(machine->store().inbox().is_waiting(ticket));
  }
}

// Whoever removes the leader's key ends its agent, which then knows only what lies in its copy.
TEST_F(FleetReplayContract, ARequestIsNotTakenAgainByAnAgentThatStartsAnew) {
  const auto one = join("one");
  ASSERT_TRUE(one->lead());
  const store::Ticket ticket = leave(*one, store::Wish::roll_back);
  const std::string key = "/cl/web/inbox/" + ticket.id + "-www";
  const std::string record = "/cl/web/records//taken-" + ticket.id.substr(0, 1);
  const std::string request = read(key);
  const std::string before = read(record);
  ASSERT_TRUE(one->store().inbox().take(one->lease(), ticket, std::nullopt));
  EXPECT_EQ(read(key), "");
  EXPECT_NE(read(record), before);
  one->stop();
  remove(record);
  write(key, request);
  one->start();
  EXPECT_TRUE(has_said(*one, "was asked for before"));
  ASSERT_TRUE(one->lead());
  EXPECT_FALSE(one->store().inbox().is_waiting(ticket));
  EXPECT_EQ(one->store().inbox().take(one->lease(), ticket, std::nullopt).error().kind(),
            ErrorKind::rejected);
  // While it runs, too; and what it takes next is taken once as well.
  const store::Ticket next = leave(*one, store::Wish::roll_back);
  ASSERT_TRUE(one->store().inbox().take(one->lease(), next, std::nullopt));
  remove("/cl/web/records//taken-" + next.id.substr(0, 1));
  EXPECT_TRUE(has_said(*one, "was removed, which nobody of the fleet does"));
}

// Nor by the agent that leads when somebody has ended the one before.
TEST_F(FleetReplayContract, TheNoteOfARenewalThatIsDoneDoesNotComeBack) {
  const std::string key = "/cl/web/granted/www";
  const auto one = join("one");
  const auto other = join("other");
  ASSERT_TRUE(one->lead());
  const auto has_note = [](Machine& machine, const std::string& name, const char* note) {
    return happens([&] { return machine.store().inbox().granted(name).value_or("") == note; });
  };
  ASSERT_TRUE(one->store().inbox().grant("www", "id: 1\n"));
  ASSERT_TRUE(has_note(*other, "www", "id: 1\n"));
  const std::string done = read(key);
  one->store().inbox().drop_granted("www");
  ASSERT_TRUE(has_note(*other, "www", ""));
  write(key, done);
  for (Machine* machine : {one.get(), other.get()}) {
    EXPECT_TRUE(has_said(*machine, "granted/www is older than what was there before"));
    machine->stop();
  }
  remove(key);
  write(key, done);
  for (Machine* machine : {one.get(), other.get()}) {
    machine->start();
    ASSERT_TRUE(machine->lead());
    EXPECT_THAT(machine->store().inbox().granted(), testing::IsEmpty());
    machine->stop();
  }
  // What is wanted stays wanted, in whichever order the notes were written.
  one->start();
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(one->store().inbox().grant("www", "id: 2\n"));
  ASSERT_TRUE(one->store().inbox().grant("mail", "id: 3\n"));
  ASSERT_TRUE(one->store().inbox().grant("www", "id: 4\n"));
  for (Machine* machine : {one.get(), other.get()}) {
    machine->stop();
    machine->start();
    EXPECT_TRUE(has_note(*machine, "www", "id: 4\n"));
    EXPECT_TRUE(has_note(*machine, "mail", "id: 3\n"));
  }
}

TEST_F(FleetReplayContract, SaysThatARequestWhichNobodyHasTakenIsDropped) {
  const auto one = join("one");
  ASSERT_TRUE(one->lead());
  const store::Ticket in_time = leave(*one, store::Wish::renew);
  one->store().inbox().withdraw(in_time);
  const store::Ticket late = leave(*one, store::Wish::renew);
  const std::string file = one->path() + "/request-" + late.id + "-www";
  std::filesystem::last_write_time(
      file, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  remove("/cl/web/inbox/" + late.id + "-www");  // as etcd does then
  EXPECT_TRUE(has_said(*one, "is dropped, because no host that leads has taken it up within 1h"));
  const std::string log = one->log().text();
  EXPECT_EQ(log.find("is dropped"), log.rfind("is dropped")) << log;
}

// Also when etcd's backup is restored in which it waits.
TEST_F(FleetReplayContract, ARequestIsGoodForAnHour) {
  const auto one = join("one");
  ASSERT_TRUE(one->lead());
  FleetKeys keys;
  keys.keys.push_back({.id = key_.id, .key = key_.key.clone()});
  const auto leave = [&](const std::string& id, Seconds age) {
    const std::string key = "/cl/web/inbox/" + id + "-www";
    const Letter letter{.text = Secret::copy_of("wish renew\n"), .left = raw_->now() - age};
    write(key, keys.seal(key, serialize(letter)).value());
  };
  leave("0123456789abcdef", Letter::kLife + Seconds(60));
  leave("1123456789abcdef", -Letter::kLife - Seconds(60));
  leave("2123456789abcdef", Letter::kLife - Seconds(60));
  const store::Inbox& inbox = one->store().inbox();
  EXPECT_TRUE(happens([&] { return inbox.is_waiting({"2123456789abcdef", "www"}); }));
  EXPECT_FALSE(inbox.is_waiting({"0123456789abcdef", "www"}));
  EXPECT_FALSE(inbox.is_waiting({"1123456789abcdef", "www"}));
  EXPECT_TRUE(has_said(*one, "inbox/0123456789abcdef-www was asked for before"));
}

TEST_F(FleetReplayContract, SettingsOfAHostThatHasLeftDoNotComeBack) {
  const auto one = join("one");
  const auto two = join("two");
  one->becomes_member(*raw_);
  two->becomes_member(*raw_);
  two->names({"mail"});
  const std::string key = "/cl/web/~settings/id-of-two";
  const std::string entry = "/cl/web/hosts/id-of-two";
  ASSERT_TRUE(happens([&] { return !read(key).empty(); }));
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(one->hears({"two mail"}));
  const std::string settings = read(key);
  const std::string membership = read(entry);
  two->stop();
  remove(entry);
  remove(key);
  ASSERT_TRUE(one->hears({}));
  write(key, settings);
  EXPECT_TRUE(has_said(*one, "do not count (it is no member of the fleet)"));
  EXPECT_TRUE(one->heard().empty());
  // Nor for one that leads later; nor with its entry, which the fleet's key before has sealed.
  one->stop();
  one->gets(crypto::make_sealing_key().value());
  one->becomes_member(*raw_);
  one->start();
  write(entry, membership);
  write(key, settings);
  ASSERT_TRUE(one->lead());
  EXPECT_TRUE(has_said(*one, "do not count (it has no entry with the newest key"));
  EXPECT_TRUE(one->heard().empty());
}

TEST_F(FleetReplayContract, SettingsOfAnOlderKeyDoNotComeBack) {
  const auto one = join("one");
  const auto two = join("two");
  one->becomes_member(*raw_);
  two->becomes_member(*raw_);
  two->names({"mail"});
  const std::string key = "/cl/web/~settings/id-of-two";
  ASSERT_TRUE(happens([&] { return !read(key).empty(); }));
  ASSERT_TRUE(one->lead());
  ASSERT_TRUE(one->hears({"two mail"}));
  const std::string settings = read(key);
  two->names({"shop"});
  ASSERT_TRUE(one->hears({"two shop"}));
  two->stop();
  const crypto::SealingKey next = crypto::make_sealing_key().value();
  for (Machine* machine : {one.get(), two.get()}) {
    machine->gets(next);
    machine->becomes_member(*raw_);
  }
  // What it has said before stays, although it says nothing with the new key.
  ASSERT_TRUE(one->store().inbox().grant("www", "a sign"));
  EXPECT_TRUE(one->hears({"two shop"}));
  write(key, settings);
  two->start();
  EXPECT_TRUE(happens([&] { return read(key) != settings; })) << "it mends that itself";
  EXPECT_TRUE(one->hears({"two shop"}));
  two->stop();
  one->stop();
  write(key, settings);
  one->start();
  ASSERT_TRUE(one->lead());
  EXPECT_TRUE(has_said(*one, "do not count (somebody has put older ones back)"));
  EXPECT_TRUE(one->heard().empty());
}

TEST_F(FleetReplayContract, AnOverviewDoesNotGoBack) {
  const auto one = join("one");
  const auto other = join("other");
  ASSERT_TRUE(one->lead());
  const std::string key = "/cl/web/overview";
  ASSERT_TRUE(happens([&] { return !read(key).empty(); }));
  const std::string old = read(key);
  const auto heard_first = [&] { return other->overview().has_value(); };
  ASSERT_TRUE(happens(heard_first));
  const Time first = other->overview()->at;
  // Overviews come with what changes; the writer learns of this one, and answers with the next.
  FleetKeys keys;
  keys.keys.push_back({.id = key_.id, .key = key_.key.clone()});
  const EtcdRevision now = raw_->range({.key = key})->revision;
  FleetOverview newer{.at = first + Seconds(1), .hosts = 7};
  write(key, keys.seal(key, serialize(SentOverview{.overview = newer, .known_to = now})).value());
  ASSERT_TRUE(happens([&] { return other->overview()->hosts == 7; }));
  write(key, old);
  EXPECT_TRUE(has_said(
      *other,
      "etcd: /cl/web/overview changes nothing here: it is older than what was there before"));
  // News comes in the order in which it happened.
  order(*one, "a sign");
  ASSERT_TRUE(has_order(*other, "a sign"));
  EXPECT_NE(other->overview()->at, first);
}

}  // namespace
}  // namespace ccm::fleet
