// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/fleet_keyring.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
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
constexpr std::size_t kBoxesAtOnce = 100;

// Made from the key itself, so that the id identifies it.
std::string id_of(const Secret& key) {
  return crypto::to_hex(crypto::hmac_sha256(key, "ccm fleet key")).substr(0, kIdDigits);
}

Result<SealingKey> make_fleet_key() {
  Result<Secret> key = crypto::random_bytes(crypto::kSealingKeySize);
  if (!key) return pass(std::move(key));
  std::string id = id_of(*key);
  return SealingKey{.id = std::move(id), .key = *std::move(key)};
}

// Opens the box if it holds the key with that id.
std::optional<SealingKey> open_key(const crypto::KeyPair& host, const std::string& id,
                                   const std::string& place, std::string_view box) {
  Result<Secret> key = crypto::open_box(host, place, box);
  if (!key || id_of(*key) != id) return std::nullopt;
  return SealingKey{.id = id, .key = *std::move(key)};
}

std::string host_of(const crypto::KeyPair& host) {
  const Result<std::string> half = crypto::public_half(host);
  return half ? fleet_host_id(*half) : std::string();
}

}  // namespace

Result<EtcdRevision> FleetKeyring::commit(EtcdTransaction transaction) {
  const Result<EtcdOutcome> outcome = etcd_.commit(transaction);
  if (!outcome) return fail(outcome.error());
  if (outcome->has_happened) return outcome->revision;
  return fleet_changed();
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
  // Somebody else may found a fleet of that name at the same time.
  const Result<EtcdRevision> done = commit(
      {.compares =
           {{.key = whole.key, .of = EtcdCompare::Of::created, .revision = 0, .end = whole.end}},
       .changes = *std::move(changes)});
  if (!done) return fail(done.error());
  return id;
}

// Each change of the fleet's keys writes the entry of this host anew, so this fails when the key is
// not the newest one. Otherwise the new host would not get the newest key.
Result<void> FleetKeyring::admit(const FleetKeys& keys, const std::string& name,
                                 const std::string& public_half) {
  auto changes = welcome(keys, name, public_half);
  if (!changes) return pass(std::move(changes));
  // The former keys come first, in parts because there may be many. Only the entry makes the host a
  // member.
  for (std::size_t left = changes->size(); left > 0;) {
    const std::size_t begin = left - std::min(left, kBoxesAtOnce);
    const auto part = changes->begin() + static_cast<std::ptrdiff_t>(begin);
    const Result<EtcdRevision> done = commit({.compares = {{.key = keys.entry,
                                                            .of = EtcdCompare::Of::modified,
                                                            .revision = keys.entry_modified}},
                                              .changes = {part, changes->end()}});
    if (!done) return fail(done.error());
    changes->resize(begin);
    left = begin;
  }
  return {};
}

Result<std::vector<EtcdChange>> FleetKeyring::welcome(const FleetKeys& keys,
                                                      const std::string& name,
                                                      const std::string& public_half) const {
  const FleetMember member{
      .id = fleet_host_id(public_half), .name = name, .public_half = public_half};
  const Result<EtcdChange> entry = entry_of(layout_, keys, member);
  if (!entry) return fail(entry.error());
  std::vector<EtcdChange> changes{*entry};
  for (const SealingKey& key : keys.keys) {
    const bool is_first = &key == &keys.keys.front();
    const std::string place = layout_.key(key.id, member.id);
    Result<std::string> box = crypto::close_box(public_half, place, key.key);
    if (box && !is_first) {
      box = crypto::seal(keys.keys.front(), place + std::string(kFormerKey), Secret::copy_of(*box));
    }
    if (!box) return pass(std::move(box));
    changes.push_back({.key = place, .value = *std::move(box)});
  }
  return changes;
}

// Goes from one of the fleet's keys to the next, because each has a box for every host, and a large
// fleet has many.
Result<std::vector<FleetKeyring::Box>> FleetKeyring::boxes_for(std::string_view host) {
  const std::string prefix = layout_.keys();
  EtcdRange next = range_of_prefix(prefix);
  next.limit = 1;
  std::vector<Box> boxes;
  for (;;) {
    const Result<EtcdPage> first = etcd_.range(next);
    if (!first) return fail(first.error());
    if (first->items.empty()) return boxes;
    const std::string_view rest = std::string_view(first->items.front().key).substr(prefix.size());
    const std::string id(rest.substr(0, rest.find('/')));
    const std::string place = layout_.key(id, host);
    Result<EtcdPage> own = etcd_.range({.key = place});
    if (!own) return pass(std::move(own));
    if (!own->items.empty()) {
      boxes.push_back({.id = id, .place = place, .value = std::move(own->items.front().value)});
    }
    // After all keys that begin with "ID/".
    next.key = fmt::format("{}{}{}", prefix, id, static_cast<char>('/' + 1));
  }
}

Result<bool> FleetKeyring::is_member(const crypto::KeyPair& host, FleetKeys& keys) {
  const std::string place = layout_.member(host_of(host));
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
  // A key that is sealed with a known key becomes known, too, until no more are found.
  for (bool has_grown = true; has_grown;) {
    has_grown = false;
    for (const Box& box : *boxes) {
      for (const std::string_view reason : {kNextKey, kFormerKey}) {
        if (is_known(box.id)) continue;
        const Result<Secret> inner = keys.unseal(box.place + std::string(reason), box.value);
        if (!inner) continue;
        auto key = open_key(host, box.id, box.place, inner->reveal());
        if (!key) continue;
        has_grown = true;
        keys.keys.insert(reason == kNextKey ? keys.keys.begin() : keys.keys.end(), *std::move(key));
      }
    }
  }
  return keys;
}

Result<std::vector<FleetMember>> FleetKeyring::members(const FleetKeys& keys) {
  Result<MemberList> list = list_members(etcd_, layout_, keys);
  if (!list) return pass(std::move(list));
  // Entries that newer keys seal look like a stranger's, and hosts would be missing.
  if (!keys.entry.empty() && !list->has_entry_of(layout_, keys)) return fleet_changed();
  return std::move(list->members);
}

Result<std::string> FleetKeyring::rotate(const FleetKeys& keys,
                                         const std::vector<std::string>& without,
                                         LeftBehind left_behind,
                                         std::vector<std::string>* passed_by) {
  Result<SealingKey> key = make_fleet_key();
  if (!key) return pass(std::move(key));
  FleetRotation rotation(etcd_, layout_,
                         {.keys = keys, .without = without, .left_behind = left_behind},
                         *std::move(key));
  Result<std::string> id = rotation.run();
  if (passed_by != nullptr) *passed_by = rotation.passed_by();
  return id;
}

}  // namespace ccm::fleet
