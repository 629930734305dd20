// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/fleet_mirror.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "fleet/store/taken_requests.h"
#include "store/file_store/journal.h"
#include "store/staging.h"

namespace ccm::fleet {

FleetMirror::KnownHead FleetMirror::head_of(const std::string& name) const {
  const auto known = heads_.find(name);
  if (known != heads_.end()) return known->second;
  return {.head = cache_.noted_head(name).value_or(Head())};
}

std::vector<KnownCertificate> FleetMirror::changed_between(EtcdRevision after,
                                                           EtcdRevision to) const {
  std::vector<KnownCertificate> changed;
  for (const auto& [name, known] : heads_) {
    if (known.modified <= after || known.modified > to) continue;
    changed.push_back({.name = name, .current = known.head.current, .modified = known.modified});
  }
  return changed;
}

std::set<std::string> FleetMirror::kinds_of(const std::string& name) const {
  std::set<std::string> kinds;
  const std::string prefix = layout_.shelf(Shelf::record, name);
  for (auto at = others_.lower_bound(prefix); at != others_.end() && at->first.starts_with(prefix);
       ++at) {
    if (at->second.modified != 0) kinds.insert(at->first.substr(prefix.size()));
  }
  return kinds;
}

// To be called when the record or the current version has changed.
void FleetMirror::look_at_canary(const std::string& name) {
  if (store::staged_canary(reader_, name)) {
    canaries_.insert(name);
  } else {
    canaries_.erase(name);
  }
}

std::optional<Secret> FleetMirror::open(const EtcdItem& item) {
  Result<Secret> text = keys_.unseal(item.key, item.value);
  if (text) return std::move(*text);
  const Result<std::string> id = crypto::sealing_key_id(item.value);
  if (id && !keys_.knows(*id)) {
    if (strangers_.insert(*id).second) {
      log_.warn(
          "etcd: what is sealed with the key {} cannot be read by this host, which has no "
          "such key; it changes nothing here",
          printable(*id));
    }
    return std::nullopt;
  }
  log_.warn("etcd: somebody without the fleet's key has written {}: {}; it changes nothing here",
            printable(item.key), text.error().message());
  return std::nullopt;
}

Result<Secret> FleetMirror::payload(const std::string& key, const Payloads& payloads) {
  const auto at_hand = payloads.find(key);
  if (at_hand != payloads.end()) return keys_.unseal(key, at_hand->second);
  const Result<EtcdPage> page = etcd_.range({.key = key});
  if (!page) return fail(page.error());
  if (page->items.empty()) {
    return fail(ErrorKind::invalid, fmt::format("etcd has no {}", key));
  }
  return keys_.unseal(key, page->items.front().value);
}

Result<void> FleetMirror::apply(const EtcdNews& news) {
  Payloads payloads;
  for (const EtcdEvent& event : news.events) {
    if (!event.is_removed) payloads.insert_or_assign(event.item.key, event.item.value);
  }
  Result<void> done;
  for (const EtcdEvent& event : news.events) {
    newest_ = std::max(newest_, event.item.modified);
    // The first reading contains this change, or a later one.
    if (event.item.modified <= synchronised_) continue;
    Result<void> taken = take_in(event, payloads);
    if (!taken && taken.error().code() != kCopyFailed) return taken;
    if (done) done = std::move(taken);
    // A note that is not in the copy yet must not be older than the mark.
    if (done) keep_granted_mark();
  }
  return done;
}

// A value that somebody else has damaged must not keep the others out.
Result<void> FleetMirror::take_in(const EtcdEvent& event, const Payloads& payloads) {
  Result<void> done = apply_event(event, payloads);
  if (done || done.error().kind() != ErrorKind::invalid || done.error().code() == kCopyFailed) {
    return done;
  }
  log_.warn("etcd: {}; what is served stays", done.error().message());
  const std::optional<Slot> slot = layout_.slot_of(event.item.key);
  if (slot && slot->shelf == Shelf::head) failed_[slot->name] = done.error().message();
  return {};
}

Result<void> FleetMirror::apply_event(const EtcdEvent& event, const Payloads& payloads) {
  const std::optional<Slot> slot = layout_.slot_of(event.item.key);
  if (!slot) return {};
  if (slot->shelf == Shelf::head) return apply_head(slot->name, event, payloads);
  // The head says which versions and responses count.
  if (slot->shelf == Shelf::version || slot->shelf == Shelf::response) return {};
  forget_gone();
  KnownKey& known = others_[event.item.key];
  if (event.item.modified <= known.heard) return {};
  Result<bool> is_believed = true;
  if (slot->shelf == Shelf::record) is_believed = in_copy(apply_record(*slot, event));
  if (slot->shelf == Shelf::record && slot->rest == store::kStagedKind) look_at_canary(slot->name);
  Result<void> done;
  if (slot->shelf == Shelf::request) done = apply_request(*slot, event);
  if (slot->shelf == Shelf::grant) is_believed = in_copy(apply_grant(*slot, event));
  if (!is_believed) return fail(is_believed.error());
  if (!done) return done;
  known.modified = event.is_removed ? 0 : event.item.modified;
  known.heard = event.item.modified;
  if (*is_believed) known.changed = event.item.modified;
  return {};
}

Result<void> FleetMirror::apply_head(const std::string& name, const EtcdEvent& event,
                                     const Payloads& payloads) {
  KnownHead& known = heads_[name];
  if (event.item.modified <= known.heard) return {};
  ++heads_heard_;
  if (known.head.sequence == 0) known.head = cache_.noted_head(name).value_or(Head());
  const auto heard = [&] {
    known.heard = event.item.modified;
    known.modified = event.is_removed ? 0 : event.item.modified;
  };
  if (event.is_removed) {
    log_.warn("etcd: {} was removed, which nobody of the fleet does; it changes nothing here",
              event.item.key);
    failed_.erase(name);
    heard();
    return {};
  }
  const std::optional<Secret> text = open(event.item);
  if (!text) failed_[name] = "it is not sealed with a key of the fleet that this host has";
  Result<Head> head =
      text ? parse_head(text->reveal()) : Result<Head>(fail(ErrorKind::invalid, ""));
  // A restarted host hears the same head again.
  if (text && (!head || head->sequence < known.head.sequence)) {
    log_.warn("etcd: {} is {}; it changes nothing here", event.item.key,
              head ? "older than what was there before" : head.error().message());
  }
  known.is_ahead = head && head->sequence < known.head.sequence;
  if (!head || known.is_ahead) {
    heard();
    return {};
  }
  Result<void> done;
  if (head->versions.empty()) {
    done = in_copy(forget(name, event.item.modified));
  } else if (Result<bool> copied = copy_versions(name, {*head, known.head}, payloads); !copied) {
    done = pass(std::move(copied));
  } else if (*copied) {
    store::note_change(reader_.state_path(), name, store::Changed::what_is_served);
  }
  if (!done) return fail_with(std::move(done), fmt::format("copy \"{}\" from the fleet", name));
  known.head = *std::move(head);
  failed_.erase(name);
  look_at_canary(name);
  heard();
  return {};
}

// A host that was not in the fleet before may have another version with the same number.
bool FleetMirror::is_here(const std::string& name, const Head::Version& wanted,
                          const Head& before) const {
  const Head::Version* noted = before.find(wanted.number);
  if (noted != nullptr && noted->fingerprint == wanted.fingerprint) return true;
  const auto version = reader_.glance(name, wanted.number);
  return version && version->info.fingerprint == wanted.fingerprint;
}

Result<bool> FleetMirror::copy_versions(const std::string& name, const HeadChange& change,
                                        const Payloads& payloads) {
  const Head& head = change.now;
  const std::vector<store::VersionNumber> here = reader_.versions(name);
  bool is_changed = false;
  for (const Head::Version& wanted : head.versions) {
    const bool has_number = std::find(here.begin(), here.end(), wanted.number) != here.end();
    if (!has_number || !is_here(name, wanted, change.before)) {
      const Result<Secret> text = payload(layout_.version(name, wanted.number), payloads);
      if (!text) return fail(text.error());
      Result<store::StoredCertificate> version = parse_version(*text);
      if (!version) return pass(std::move(version));
      if (version->info.number != wanted.number ||
          version->info.fingerprint != wanted.fingerprint) {
        return fail(ErrorKind::invalid,
                    fmt::format("version {} is not the one that was installed", wanted.number));
      }
      if (Result<void> added = in_copy(cache_.add_version(name, *version)); !added) {
        return pass(std::move(added));
      }
      is_changed = true;
    }
    const Result<bool> response = copy_response(name, wanted, payloads);
    if (!response) return response;
    is_changed = is_changed || *response;
  }
  if (reader_.current_version(name) != head.current) {
    if (Result<void> done = in_copy(cache_.point_at(name, head.current)); !done) {
      return pass(std::move(done));
    }
    is_changed = true;
  }
  static_cast<void>(cache_.remove_versions_beside(name, head));
  if (Result<void> noted = in_copy(cache_.note_head(name, head)); !noted) {
    return pass(std::move(noted));
  }
  return is_changed;
}

Result<bool> FleetMirror::copy_response(const std::string& name, const Head::Version& version,
                                        const Payloads& payloads) {
  if (cache_.response_digest(name, version.number) == version.response) return false;
  if (version.response.empty()) return in_copy(cache_.keep_response(name, version.number, {}));
  const Result<Secret> der = payload(layout_.response(name, version.number), payloads);
  if (!der) return fail(der.error());
  if (crypto::to_hex(crypto::sha256(der->bytes())) != version.response) {
    return fail(ErrorKind::invalid, "the OCSP response is not the one that was kept");
  }
  return in_copy(cache_.keep_response(name, version.number, der->bytes()));
}

// Older news of its records may still be on the way, and must not bring them back.
Result<void> FleetMirror::forget(const std::string& name, EtcdRevision revision) {
  const std::string records = layout_.shelf(Shelf::record, name);
  for (auto at = others_.lower_bound(records);
       at != others_.end() && at->first.starts_with(records); ++at) {
    at->second.remove(revision);
    at->second.changed = revision;
  }
  const Result<bool> removed = cache_.remove_entry(name);
  if (!removed) return fail(removed.error());
  if (*removed) store::note_change(reader_.state_path(), name, store::Changed::what_is_served);
  return {};
}

// What this host has from before a restart is newer than a record that somebody has put back. That
// is not so when etcd itself has gone back, or has never come so far: then the record here is from
// another etcd.
bool FleetMirror::is_older(const Slot& slot, const store::StoredRecord& record,
                           const EtcdItem& item) {
  const EtcdRevision changed = others_[item.key].changed;
  // The same news again (hear_all_again()) counts as well.
  if (changed != item.modified) {
    if (record.version < changed) return true;
    if (changed != 0) return false;
  }
  if (times_gone_back_ != 0) return false;
  const auto here = reader_.read_record(slot.name, slot.rest);
  return here && *here && record.version < (*here)->version && (*here)->version <= newest_;
}

Result<bool> FleetMirror::apply_record(const Slot& slot, const EtcdEvent& event) {
  if (is_taken_kind(slot.name, slot.rest)) return apply_taken(slot, event);
  Result<bool> changed = false;
  if (event.is_removed) {
    changed = cache_.remove_record(slot.name, slot.rest);
  } else {
    const std::optional<Secret> text = open(event.item);
    if (!text) return false;
    const Result<store::StoredRecord> record = parse_stored_record(*text);
    if (!record) return false;
    if (is_older(slot, *record, event.item)) {
      log_.warn("etcd: {} is older than what was there before; it changes nothing here",
                event.item.key);
      return false;
    }
    changed = cache_.put_record(slot.name, slot.rest, *record);
  }
  if (!changed) return pass(std::move(changed));
  if (*changed && !slot.name.empty()) {
    store::note_change(reader_.state_path(), slot.name, store::Changed::records);
  }
  return true;
}

}  // namespace ccm::fleet
