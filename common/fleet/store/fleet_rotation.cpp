// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/fleet_rotation.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "base/sentences.h"
#include "base/text.h"
#include "crypto/key/sealed_box.h"

namespace ccm::fleet {
namespace {

using crypto::SealingKey;

// In one transaction, with room for removals.
constexpr std::size_t kChangesAtOnce = 100;
// The second round is for hosts that were let in during the first. After the third none is left,
// unless somebody puts back removed entries.
constexpr int kMostRounds = 10;
constexpr std::chrono::seconds kLockLife{60};
// Names in a sentence.
constexpr std::size_t kMostNamed = 10;
constexpr const char* kIsChangedByAnother =
    "the fleet's key is changed by another command just now, or by one that was killed in the last "
    "minute; try again";

}  // namespace

FleetRotation::FleetRotation(EtcdClient& etcd, const FleetLayout& layout, Plan plan,
                             SealingKey next)
    : etcd_(etcd), layout_(layout), plan_(plan), after_(plan.keys.clone()) {
  after_.keys.insert(after_.keys.begin(), std::move(next));
}

// If this fails, the lock ends with its lease.
FleetRotation::~FleetRotation() {
  if (lease_ != 0) static_cast<void>(etcd_.revoke(lease_));
}

Result<std::string> FleetRotation::run() {
  if (Result<void> may = may_begin(); !may) return pass(std::move(may));
  if (Result<void> taken = take_lock(); !taken) return pass(std::move(taken));
  if (Result<void> looked = look_who_leaves(); !looked) return pass(std::move(looked));
  for (int round = 0; round < kMostRounds; ++round) {
    const Result<std::vector<FleetMember>> members = without_new_key();
    if (!members) return fail(members.error());
    if (members->empty()) {
      if (Result<void> noted = note_complete(); !noted) return pass(std::move(noted));
      return after_.keys.front().id;
    }
    if (Result<void> done = hand_over(*members); !done) return pass(std::move(done));
  }
  return fleet_changed();
}

// Before it takes the lock: whoever must not change the key takes the lock from nobody who does,
// not even where it is sealed with a key that this host does not have.
Result<void> FleetRotation::may_begin() {
  const Result<bool> was_locked = is_locked();
  if (!was_locked) return fail(was_locked.error());
  if (Result<void> looked = look_who_leaves(); !looked) return looked;
  const Result<std::vector<FleetMember>> members = without_new_key();
  if (members) return {};
  if (members.error().kind() != ErrorKind::rejected) return fail(members.error());
  // A change in progress looks like one that was cut short.
  const Result<bool> is_locked_now = is_locked();
  if (!is_locked_now) return fail(is_locked_now.error());
  if (*was_locked || *is_locked_now) return fleet_changed(kIsChangedByAnother);
  return fail(members.error());
}

Result<void> FleetRotation::look_who_leaves() {
  Result<LeavingNote> note = read_leaving_note(etcd_, layout_, plan_.keys);
  if (!note) return pass(std::move(note));
  leaving_ = *std::move(note);
  return {};
}

// By whomever.
Result<bool> FleetRotation::is_locked() {
  const Result<EtcdPage> page = etcd_.range({.key = layout_.rotation()});
  if (!page) return fail(page.error());
  return !page->items.empty() && page->items.front().lease != 0;
}

Result<void> FleetRotation::take_lock() {
  const std::string place = layout_.rotation();
  const Result<EtcdLease> lease = etcd_.grant(kLockLife);
  if (!lease) return fail(lease.error());
  lease_ = *lease;
  Result<std::string> sealed = plan_.keys.seal(place, Secret::copy_of(plan_.keys.entry));
  if (!sealed) return pass(std::move(sealed));
  EtcdTransaction taking{
      .compares = {{.key = place, .of = EtcdCompare::Of::created, .revision = 0}},
      .changes = {{.key = place, .value = *std::move(sealed), .lease = lease_}}};
  Result<EtcdOutcome> outcome = etcd_.commit(taking);
  if (outcome && !outcome->has_happened && outcome->found) {
    const EtcdItem& found = *outcome->found;
    if (found.lease != 0 && plan_.keys.unseal(place, found.value)) {
      return fleet_changed(kIsChangedByAnother);
    }
    // A value that a stranger has left there must not block the change.
    taking.compares = {{.key = place, .of = EtcdCompare::Of::modified, .revision = found.modified}};
    outcome = etcd_.commit(taking);
  }
  if (!outcome) return fail(outcome.error());
  if (!outcome->has_happened) return fleet_changed();
  lock_ = outcome->revision;
  return {};
}

Result<void> FleetRotation::look_for_unknown_keys(const std::vector<EtcdItem>& others) {
  for (const EtcdItem& item : others) {
    const Result<std::string> id = crypto::sealing_key_id(item.value);
    if (!id || after_.knows(*id)) continue;
    const std::string box = layout_.key(*id, item.key.substr(layout_.members().size()));
    const Result<EtcdPage> page = etcd_.range({.key = box});
    if (!page) return fail(page.error());
    const bool is_ours =
        !page->items.empty() &&
        after_.unseal(box + std::string(kNextKey), page->items.front().value).has_value();
    if (!is_ours) continue;
    return fail(ErrorKind::rejected,
                fmt::format("a change of the fleet's key was cut short before it came to this "
                            "host; do it again on a host where `ccmctl fleet keys` shows {}",
                            *id));
  }
  return {};
}

// This host comes first, because it may be the one that lets others in.
Result<std::vector<FleetMember>> FleetRotation::without_new_key() {
  Result<MemberList> list = list_members(etcd_, layout_, after_);
  if (!list) return pass(std::move(list));
  if (!list->has_entry_of(layout_, plan_.keys)) return fleet_changed();
  if (Result<void> known = look_for_unknown_keys(list->others); !known) {
    return pass(std::move(known));
  }
  std::vector<FleetMember> members = std::move(list->members);
  std::erase_if(members, [&](const FleetMember& member) {
    return member.sealed_with == after_.keys.front().id;
  });
  if (Result<void> judged = judge_left_behind(members); !judged) return pass(std::move(judged));
  std::stable_partition(members.begin(), members.end(), [&](const FleetMember& member) {
    return layout_.member(member.id) == plan_.keys.entry;
  });
  return members;
}

bool FleetRotation::is_left_behind(const FleetMember& member) const {
  return stays(member) && member.sealed_with != plan_.keys.keys.front().id &&
         !leaving_.keeps(member.id);
}

Result<void> FleetRotation::judge_left_behind(std::vector<FleetMember>& members) {
  passed_by_.clear();
  std::vector<std::string> names;
  for (const FleetMember& member : members) {
    if (is_left_behind(member)) names.push_back(printable(member.name));
  }
  if (names.empty() || plan_.left_behind == LeftBehind::take_in) return {};
  const Result<bool> complete = is_complete();
  if (!complete) return fail(complete.error());
  if (!*complete && plan_.left_behind == LeftBehind::refuse) {
    return fail(ErrorKind::rejected,
                fmt::format("these hosts do not have the fleet's newest key: {}; a change of it "
                            "was cut short, or they have left and somebody has put back their "
                            "entries: remove those that have left with `ccmctl fleet leave`, and "
                            "give --yes to have the others get the new key; `ccmctl fleet "
                            "status` marks all of them",
                            enumerated(names, kMostNamed)));
  }
  if (!*complete) passed_by_ = std::move(names);
  std::erase_if(members, [&](const FleetMember& member) { return is_left_behind(member); });
  return {};
}

Result<bool> FleetRotation::is_complete() {
  const std::string place = layout_.complete();
  const Result<EtcdPage> page = etcd_.range({.key = place});
  if (!page) return fail(page.error());
  if (page->items.empty()) return false;
  const std::string& value = page->items.front().value;
  const std::string& newest = plan_.keys.keys.front().id;
  // A host that has left still knows the earlier keys.
  const Result<Secret> id = after_.unseal(place, value);
  return id && id->reveal() == newest && crypto::sealing_key_id(value).value_or("") == newest;
}

Result<void> FleetRotation::note_complete() {
  EtcdTransaction noting;
  if (passed_by_.empty()) {
    const std::string place = layout_.complete();
    Result<std::string> sealed = after_.seal(place, Secret::copy_of(after_.keys.front().id));
    if (!sealed) return pass(std::move(sealed));
    noting.changes.push_back({.key = place, .value = *std::move(sealed)});
  }
  if (has_noted_) noting.changes.push_back({.key = layout_.leaving(), .value = std::nullopt});
  return noting.changes.empty() ? Result<void>() : commit(std::move(noting));
}

bool FleetRotation::stays(const FleetMember& member) const {
  // Unless it was let in again since.
  const bool has_left =
      leaving_.names(member.id) && member.sealed_with != plan_.keys.keys.front().id;
  return !has_left &&
         std::find(plan_.without.begin(), plan_.without.end(), member.id) == plan_.without.end();
}

Result<EtcdChange> FleetRotation::note_of_leaving(const std::vector<FleetMember>& members) const {
  LeavingNote note{.hosts = leaving_.hosts, .others = {}};
  for (const FleetMember& member : members) {
    if (stays(member)) {
      note.others.push_back(member.id);
    } else if (!note.names(member.id)) {
      note.hosts.push_back({.id = member.id, .name = member.name});
    }
  }
  // Who was let in again does not leave when this change is cut short as well.
  std::erase_if(note.hosts, [&](const LeavingNote::Host& host) { return note.keeps(host.id); });
  std::string place = layout_.leaving();
  Result<std::string> sealed = after_.seal(place, serialize(note));
  if (!sealed) return pass(std::move(sealed));
  return EtcdChange{.key = std::move(place), .value = *std::move(sealed)};
}

Result<void> FleetRotation::hand_over(const std::vector<FleetMember>& members) {
  EtcdTransaction next;
  std::vector<EtcdChange> removals;
  const auto commit_next = [&] {
    // After what is put, which shows whether the transaction has happened (EtcdClient::commit).
    std::move(removals.begin(), removals.end(), std::back_inserter(next.changes));
    removals.clear();
    return commit(std::exchange(next, {}));
  };
  const bool leaves = std::any_of(members.begin(), members.end(),
                                  [&](const FleetMember& member) { return !stays(member); });
  if (!has_noted_ && (leaves || !leaving_.others.empty())) {
    Result<EtcdChange> note = note_of_leaving(members);
    if (!note) return pass(std::move(note));
    next.changes.push_back(*std::move(note));
    has_noted_ = true;
  }
  // Those who leave, with the first members who stay.
  for (const FleetMember& member : members) {
    if (stays(member)) continue;
    next.compares.push_back(unchanged(member));
    for (const std::string& place : {layout_.member(member.id), layout_.settings(member.id),
                                     layout_.report(member.id), layout_.canaries(member.id)}) {
      removals.push_back({.key = place, .value = std::nullopt});
    }
  }
  const std::size_t most_of_one = after_.keys.size() + 1;
  // The note is of use only beside the key of this host, which comes first.
  std::size_t in_next = 0;
  for (const FleetMember& member : members) {
    if (!stays(member)) continue;
    if (in_next != 0 && next.changes.size() + most_of_one > kChangesAtOnce) {
      if (Result<void> done = commit_next(); !done) return done;
      in_next = 0;
    }
    if (Result<void> done = add_new_key(member, next); !done) return done;
    ++in_next;
  }
  if (next.compares.empty()) return {};
  return commit_next();
}

EtcdCompare FleetRotation::unchanged(const FleetMember& member) const {
  return {.key = layout_.member(member.id),
          .of = EtcdCompare::Of::modified,
          .revision = member.modified};
}

// A box with the key for the member, sealed with another key for the given reason.
Result<EtcdChange> FleetRotation::box_for(const FleetMember& member, const SealingKey& key,
                                          const SealingKey& by, std::string_view reason) const {
  std::string place = layout_.key(key.id, member.id);
  const Result<std::string> box = crypto::close_box(member.public_half, place, key.key);
  if (!box) return fail(box.error());
  Result<std::string> sealed = crypto::seal(by, place + std::string(reason), Secret::copy_of(*box));
  if (!sealed) return pass(std::move(sealed));
  return EtcdChange{.key = std::move(place), .value = *std::move(sealed)};
}

// Puts the new key into the member's box and writes its entry anew. The new key is sealed with the
// key of the old entry, which the member has. So are keys in between, which it may lack because a
// change was interrupted.
Result<void> FleetRotation::add_new_key(const FleetMember& member,
                                        EtcdTransaction& transaction) const {
  const std::vector<SealingKey>& keys = after_.keys;
  const auto own = std::find_if(keys.begin(), keys.end(), [&](const SealingKey& key) {
    return key.id == member.sealed_with;
  });
  std::vector<EtcdChange>& changes = transaction.changes;
  for (auto key = keys.begin(); key != own; ++key) {
    const bool is_newest = key == keys.begin();
    Result<EtcdChange> box =
        box_for(member, *key, is_newest ? *own : keys.front(), is_newest ? kNextKey : kFormerKey);
    if (!box) return pass(std::move(box));
    changes.push_back(*std::move(box));
  }
  Result<EtcdChange> entry = entry_of(layout_, after_, member);
  if (!entry) return pass(std::move(entry));
  transaction.compares.push_back(unchanged(member));
  changes.push_back(*std::move(entry));
  return {};
}

// Commits only while this host holds the lock.
Result<void> FleetRotation::commit(EtcdTransaction transaction) {
  const auto alive = etcd_.keep_alive(lease_);
  if (!alive && alive.error().kind() == ErrorKind::rejected) return fleet_changed();
  if (!alive) return fail(alive.error());
  transaction.compares.push_back(
      {.key = layout_.rotation(), .of = EtcdCompare::Of::modified, .revision = lock_});
  const Result<EtcdOutcome> outcome = etcd_.commit(transaction);
  if (!outcome) return fail(outcome.error());
  if (!outcome->has_happened) return fleet_changed();
  return {};
}

}  // namespace ccm::fleet
