// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/fleet_keyring.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/packing.h"
#include "crypto/digest.h"
#include "crypto/key/sealed_box.h"
#include "crypto/key/sealing.h"

namespace ccm::fleet {
namespace {

using crypto::SealingKey;

constexpr std::size_t kIdDigits = 32;
// In one transaction, two for each member. With room for what is removed.
constexpr std::size_t kChangesAtOnce = 100;
// Of a rotation: the second is for whoever was let in during the first, and none is left after the
// third, unless somebody puts back what was there.
constexpr int kMostRounds = 10;
// A box is sealed for one of two reasons, and must not pass for the other.
constexpr std::string_view kNext = "|next";
constexpr std::string_view kFormer = "|former";

// Of the key itself, so that it is known by it.
std::string id_of(const Secret& key) {
  return crypto::to_hex(crypto::hmac_sha256(key, "ccm fleet key")).substr(0, kIdDigits);
}

Result<SealingKey> make_fleet_key() {
  Result<Secret> key = crypto::random_bytes(crypto::kSealingKeySize);
  if (!key) return pass(std::move(key));
  std::string id = id_of(*key);
  return SealingKey{.id = std::move(id), .key = *std::move(key)};
}

// The box, when it holds the key of that id.
std::optional<SealingKey> open_key(const crypto::KeyPair& host, const std::string& id,
                                   const std::string& place, std::string_view box) {
  Result<Secret> key = crypto::open_box(host, place, box);
  if (!key || id_of(*key) != id) return std::nullopt;
  return SealingKey{.id = id, .key = *std::move(key)};
}

Failure fleet_changed(const char* sentence) {
  return fail(Error(ErrorKind::transient, sentence).with_code(std::string(kFleetChanged), ""));
}

Failure changed_meanwhile() {
  return fleet_changed(
      "somebody else has changed the fleet's keys or hosts in the meantime; try again");
}

std::string host_of(const crypto::KeyPair& host) {
  const Result<std::string> half = crypto::public_half(host);
  return half ? fleet_host_id(*half) : std::string();
}

}  // namespace

std::string fleet_host_id(std::string_view public_half) {
  return crypto::sha256_hex(public_half);
}

std::string FleetKeyring::key_place(std::string_view id, std::string_view host) const {
  return fmt::format("{}keys/{}/{}", layout_.all(), id, host);
}

std::string FleetKeyring::member_place(std::string_view host) const {
  return fmt::format("{}hosts/{}", layout_.all(), host);
}

Result<EtcdChange> FleetKeyring::member_change(const FleetKeys& keys,
                                               const FleetMember& member) const {
  Packer packer;
  packer.block(member.name);
  packer.block(member.public_half);
  const std::string place = member_place(member.id);
  Result<std::string> sealed = keys.seal(place, std::move(packer).take());
  if (!sealed) return pass(std::move(sealed));
  return EtcdChange{.key = place, .value = *std::move(sealed)};
}

Result<EtcdRevision> FleetKeyring::commit(EtcdTransaction transaction) {
  const Result<EtcdOutcome> outcome = etcd_.commit(transaction);
  if (!outcome) return fail(outcome.error());
  if (outcome->has_happened) return outcome->revision;
  return changed_meanwhile();
}

Result<std::string> FleetKeyring::found(const crypto::KeyPair& host, const std::string& name) {
  const EtcdRange whole = range_of_prefix(layout_.all());
  const Result<EtcdPage> there = etcd_.range({.key = whole.key, .end = whole.end, .limit = 1});
  if (!there) return fail(there.error());
  if (!there->items.empty()) {
    return fail(ErrorKind::rejected, fmt::format("etcd has something below {} already: join that "
                                                 "fleet, or choose another name",
                                                 layout_.all()));
  }
  Result<std::string> half = crypto::public_half(host);
  if (!half) return half;
  Result<SealingKey> key = make_fleet_key();
  if (!key) return pass(std::move(key));
  const std::string id = key->id;
  FleetKeys keys;
  keys.keys.push_back(*std::move(key));
  auto changes = welcome(keys, name, *half);
  if (!changes) return pass(std::move(changes));
  // Somebody else may begin one of that name at the same time.
  const Result<EtcdRevision> done = commit(
      {.compares =
           {{.key = whole.key, .of = EtcdCompare::Of::created, .revision = 0, .end = whole.end}},
       .changes = *std::move(changes)});
  if (!done) return fail(done.error());
  return id;
}

// With a key that is not the fleet's newest any more, the host would not get that one: each change
// of the fleet's keys writes the entry of this host anew.
Result<void> FleetKeyring::admit(const FleetKeys& keys, const std::string& name,
                                 const std::string& public_half) {
  auto changes = welcome(keys, name, public_half);
  if (!changes) return pass(std::move(changes));
  const Result<EtcdRevision> done = commit({.compares = {{.key = keys.entry,
                                                          .of = EtcdCompare::Of::modified,
                                                          .revision = keys.entry_modified}},
                                            .changes = *std::move(changes)});
  if (!done) return fail(done.error());
  return {};
}

Result<std::vector<EtcdChange>> FleetKeyring::welcome(const FleetKeys& keys,
                                                      const std::string& name,
                                                      const std::string& public_half) const {
  const FleetMember member{
      .id = fleet_host_id(public_half), .name = name, .public_half = public_half};
  const Result<EtcdChange> entry = member_change(keys, member);
  if (!entry) return fail(entry.error());
  std::vector<EtcdChange> changes{*entry};
  for (const SealingKey& key : keys.keys) {
    const bool is_first = &key == &keys.keys.front();
    const std::string place = key_place(key.id, member.id);
    Result<std::string> box = crypto::close_box(public_half, place, key.key);
    if (box && !is_first) {
      box = crypto::seal(keys.keys.front(), place + std::string(kFormer), Secret::copy_of(*box));
    }
    if (!box) return pass(std::move(box));
    changes.push_back({.key = place, .value = *std::move(box)});
  }
  return changes;
}

// Goes from one of the fleet's keys to the next: each has a box for every host, and a large fleet
// has many.
Result<std::vector<FleetKeyring::Box>> FleetKeyring::boxes_for(std::string_view host) {
  const std::string prefix = layout_.all() + "keys/";
  EtcdRange next = range_of_prefix(prefix);
  next.limit = 1;
  std::vector<Box> boxes;
  for (;;) {
    const Result<EtcdPage> first = etcd_.range(next);
    if (!first) return fail(first.error());
    if (first->items.empty()) return boxes;
    const std::string_view rest = std::string_view(first->items.front().key).substr(prefix.size());
    const std::string id(rest.substr(0, rest.find('/')));
    const std::string place = key_place(id, host);
    Result<EtcdPage> own = etcd_.range({.key = place});
    if (!own) return pass(std::move(own));
    if (!own->items.empty()) {
      boxes.push_back({.id = id, .place = place, .value = std::move(own->items.front().value)});
    }
    // Behind all that begin with "ID/".
    next.key = fmt::format("{}{}{}", prefix, id, static_cast<char>('/' + 1));
  }
}

Result<bool> FleetKeyring::is_member(const crypto::KeyPair& host, FleetKeys& keys) {
  const std::string place = member_place(host_of(host));
  const Result<EtcdPage> entry = etcd_.range({.key = place});
  if (!entry) return fail(entry.error());
  if (entry->items.empty()) return false;
  keys.entry = place;
  keys.entry_modified = entry->items.front().modified;
  const std::string& value = entry->items.front().value;
  const Result<std::string> id = crypto::sealing_key_id(value);
  if (id && !keys.knows(*id)) {
    return fleet_changed(
        "the fleet has got another key since this host has read its keys; try again");
  }
  return keys.unseal(place, value).has_value();
}

Result<FleetKeys> FleetKeyring::read(const crypto::KeyPair& host, std::string_view trusted) {
  const Result<std::vector<Box>> boxes = boxes_for(host_of(host));
  if (!boxes) return fail(boxes.error());
  FleetKeys keys;
  const auto is_known = [&](const std::string& id) {
    return std::any_of(keys.keys.begin(), keys.keys.end(),
                       [&](const SealingKey& key) { return key.id == id; });
  };
  for (const Box& box : *boxes) {
    if (box.id != trusted) continue;
    auto key = open_key(host, box.id, box.place, box.value);
    if (key) keys.keys.push_back(*std::move(key));
  }
  if (keys.keys.empty()) {
    return fail(
        ErrorKind::rejected,
        fmt::format("the fleet has no key {} for this host: have a member let it in", trusted));
  }
  // Whatever is sealed with a key that is known makes another one known.
  for (bool has_grown = true; has_grown;) {
    has_grown = false;
    for (const Box& box : *boxes) {
      for (const std::string_view reason : {kNext, kFormer}) {
        if (is_known(box.id)) continue;
        const Result<Secret> inner = keys.unseal(box.place + std::string(reason), box.value);
        if (!inner) continue;
        auto key = open_key(host, box.id, box.place, inner->reveal());
        if (!key) continue;
        has_grown = true;
        keys.keys.insert(reason == kNext ? keys.keys.begin() : keys.keys.end(), *std::move(key));
      }
    }
  }
  return keys;
}

Result<std::vector<FleetMember>> FleetKeyring::members(const FleetKeys& keys) {
  Result<std::vector<FleetMember>> members = list(keys);
  if (!members) return members;
  // What newer keys seal looks like somebody else's, and hosts would be missing.
  if (!keys.entry.empty() && !has_entry(*members, keys)) return changed_meanwhile();
  return members;
}

Result<std::vector<FleetMember>> FleetKeyring::list(const FleetKeys& keys) {
  const std::string prefix = layout_.all() + "hosts/";
  const Result<EtcdPage> page = etcd_.read_all(range_of_prefix(prefix));
  if (!page) return fail(page.error());
  std::vector<FleetMember> members;
  for (const EtcdItem& item : page->items) {
    // Of somebody without the fleet's key: no member.
    const Result<Secret> text = keys.unseal(item.key, item.value);
    if (!text) continue;
    Unpacker unpacker(text->bytes());
    FleetMember member{.id = item.key.substr(prefix.size()),
                       .name = std::string(unpacker.text()),
                       .public_half = std::string(unpacker.text()),
                       .modified = item.modified,
                       .sealed_with = crypto::sealing_key_id(item.value).value_or("")};
    if (unpacker.is_complete() && fleet_host_id(member.public_half) == member.id) {
      members.push_back(std::move(member));
    }
  }
  return members;
}

bool FleetKeyring::has_entry(const std::vector<FleetMember>& members, const FleetKeys& keys) const {
  return std::any_of(members.begin(), members.end(), [&](const FleetMember& member) {
    return member_place(member.id) == keys.entry;
  });
}

// Round after round, so that hosts that are let in meanwhile do not keep it from its end: they get
// the key in the next one, and whoever has it lets nobody in without it any more.
Result<std::string> FleetKeyring::rotate(const FleetKeys& keys,
                                         const std::vector<std::string>& without) {
  Result<SealingKey> key = make_fleet_key();
  if (!key) return pass(std::move(key));
  std::string id = key->id;
  Rotation rotation{.keys = keys, .without = without, .after = keys.clone()};
  rotation.after.keys.insert(rotation.after.keys.begin(), *std::move(key));
  for (int round = 0; round < kMostRounds; ++round) {
    const Result<std::vector<FleetMember>> members = without_new_key(rotation);
    if (!members) return fail(members.error());
    if (members->empty()) return id;
    if (Result<void> done = hand_over(rotation, *members); !done) return pass(std::move(done));
  }
  return changed_meanwhile();
}

// This host first: it may be the one that lets others in.
Result<std::vector<FleetMember>> FleetKeyring::without_new_key(const Rotation& rotation) {
  Result<std::vector<FleetMember>> members = list(rotation.after);
  if (!members) return members;
  if (!has_entry(*members, rotation.keys)) return changed_meanwhile();
  std::erase_if(*members, [&](const FleetMember& member) {
    return member.sealed_with == rotation.after.keys.front().id;
  });
  std::stable_partition(members->begin(), members->end(), [&](const FleetMember& member) {
    return member_place(member.id) == rotation.keys.entry;
  });
  return members;
}

Result<void> FleetKeyring::hand_over(const Rotation& rotation,
                                     const std::vector<FleetMember>& members) {
  EtcdTransaction next;
  std::vector<EtcdChange> removals;
  const auto commit_next = [&]() -> Result<void> {
    // Behind what is put, which tells whether the transaction has happened (EtcdClient::commit).
    std::move(removals.begin(), removals.end(), std::back_inserter(next.changes));
    removals.clear();
    const Result<EtcdRevision> done = commit(std::exchange(next, {}));
    if (!done) return fail(done.error());
    return {};
  };
  const auto stays = [&](const FleetMember& member) {
    return std::find(rotation.without.begin(), rotation.without.end(), member.id) ==
           rotation.without.end();
  };
  // Those who leave, with the first members who stay.
  for (const FleetMember& member : members) {
    if (stays(member)) continue;
    next.compares.push_back(unchanged(member));
    for (const std::string& place : {member_place(member.id), layout_.settings(member.id),
                                     layout_.report(member.id), layout_.canaries(member.id)}) {
      removals.push_back({.key = place, .value = std::nullopt});
    }
  }
  for (const FleetMember& member : members) {
    if (!stays(member)) continue;
    if (Result<void> done = add_new_key(rotation, member, next); !done) return done;
    if (next.changes.size() < kChangesAtOnce) continue;
    if (Result<void> done = commit_next(); !done) return done;
  }
  if (next.compares.empty()) return {};
  return commit_next();
}

EtcdCompare FleetKeyring::unchanged(const FleetMember& member) const {
  return {
      .key = member_place(member.id), .of = EtcdCompare::Of::modified, .revision = member.modified};
}

// The new key in the member's box, and its entry anew.
Result<void> FleetKeyring::add_new_key(const Rotation& rotation, const FleetMember& member,
                                       EtcdTransaction& transaction) const {
  const SealingKey& key = rotation.after.keys.front();
  const std::string place = key_place(key.id, member.id);
  const Result<std::string> box = crypto::close_box(member.public_half, place, key.key);
  if (!box) return fail(box.error());
  Result<std::string> sealed =
      crypto::seal(rotation.keys.keys.front(), place + std::string(kNext), Secret::copy_of(*box));
  if (!sealed) return pass(std::move(sealed));
  Result<EtcdChange> entry = member_change(rotation.after, member);
  if (!entry) return pass(std::move(entry));
  transaction.compares.push_back(unchanged(member));
  transaction.changes.push_back({.key = place, .value = *std::move(sealed)});
  transaction.changes.push_back(*std::move(entry));
  return {};
}

}  // namespace ccm::fleet
