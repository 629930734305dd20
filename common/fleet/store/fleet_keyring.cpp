// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/fleet_keyring.h"

#include <fmt/format.h>

#include <algorithm>
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
// In one transaction beside what is compared.
constexpr std::size_t kMembersAtOnce = 100;
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

Result<void> FleetKeyring::commit(EtcdTransaction transaction) {
  const Result<EtcdOutcome> outcome = etcd_.commit(transaction);
  if (!outcome) return fail(outcome.error());
  if (outcome->has_happened) return {};
  return fail(ErrorKind::transient, "somebody else has changed the fleet's keys in the meantime");
}

Result<std::string> FleetKeyring::found(const crypto::KeyPair& host, const std::string& name) {
  const Result<EtcdPage> there =
      etcd_.range({.key = layout_.all(), .end = range_of_prefix(layout_.all()).end, .limit = 1});
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
  if (Result<void> done = admit(keys, name, *half); !done) return pass(std::move(done));
  return id;
}

Result<void> FleetKeyring::admit(const FleetKeys& keys, const std::string& name,
                                 const std::string& public_half) {
  const FleetMember member{
      .id = fleet_host_id(public_half), .name = name, .public_half = public_half};
  const Result<EtcdChange> entry = member_change(keys, member);
  if (!entry) return fail(entry.error());
  EtcdTransaction transaction{.compares = {}, .changes = {*entry}};
  for (const SealingKey& key : keys.keys) {
    const bool is_first = &key == &keys.keys.front();
    const std::string place = key_place(key.id, member.id);
    Result<std::string> box = crypto::close_box(public_half, place, key.key);
    if (box && !is_first) {
      box = crypto::seal(keys.keys.front(), place + std::string(kFormer), Secret::copy_of(*box));
    }
    if (!box) return pass(std::move(box));
    transaction.changes.push_back({.key = place, .value = *std::move(box)});
  }
  return commit(std::move(transaction));
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
  return keys.unseal(place, entry->items.front().value).has_value();
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
                       .public_half = std::string(unpacker.text())};
    if (unpacker.is_complete() && fleet_host_id(member.public_half) == member.id) {
      members.push_back(std::move(member));
    }
  }
  return members;
}

Result<std::string> FleetKeyring::rotate(const FleetKeys& keys,
                                         const std::vector<std::string>& without) {
  Result<std::vector<FleetMember>> all = members(keys);
  if (!all) return pass(std::move(all));
  Result<SealingKey> key = make_fleet_key();
  if (!key) return pass(std::move(key));
  const SealingKey& before = keys.keys.front();
  FleetKeys after;
  after.keys.push_back({.id = key->id, .key = key->key.clone()});
  EtcdTransaction transaction;
  for (const FleetMember& member : *all) {
    if (std::find(without.begin(), without.end(), member.id) != without.end()) {
      transaction.changes.push_back({.key = member_place(member.id), .value = std::nullopt});
    } else {
      const std::string place = key_place(key->id, member.id);
      const Result<std::string> box = crypto::close_box(member.public_half, place, key->key);
      if (!box) return box;
      Result<std::string> sealed =
          crypto::seal(before, place + std::string(kNext), Secret::copy_of(*box));
      if (!sealed) return sealed;
      transaction.changes.push_back({.key = place, .value = *std::move(sealed)});
      Result<EtcdChange> entry = member_change(after, member);
      if (!entry) return pass(std::move(entry));
      transaction.changes.push_back(*std::move(entry));
    }
    if (transaction.changes.size() < kMembersAtOnce) continue;
    Result<void> done = commit(std::exchange(transaction, {}));
    if (!done) return pass(std::move(done));
  }
  if (!transaction.changes.empty()) {
    if (Result<void> done = commit(std::move(transaction)); !done) return pass(std::move(done));
  }
  return key->id;
}

}  // namespace ccm::fleet
