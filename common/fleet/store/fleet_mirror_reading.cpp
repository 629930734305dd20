// SPDX-License-Identifier: Apache-2.0
// The part of the mirror that reads all that etcd has at once.
#include <algorithm>
#include <utility>
#include <vector>

#include "base/file.h"
#include "fleet/store/fleet_mirror.h"
#include "fleet/store/taken_requests.h"
#include "store/file_store/journal.h"
#include "store/host/fleet_note.h"
#include "store/staging.h"

namespace ccm::fleet {
namespace {

std::set<std::string> keys_of(const EtcdPage& page) {
  std::set<std::string> keys;
  for (const EtcdItem& item : page.items) keys.insert(item.key);
  return keys;
}

}  // namespace

Result<EtcdPage> FleetMirror::read_shelf(Shelf shelf) {
  return etcd_.read_all(range_of_prefix(layout_.shelf(shelf)));
}

// A revision only grows, and all members agree on what is read here. If the lost revisions have
// been used again in the meantime, keys that were written anew have earlier revisions than the lost
// ones had.
bool FleetMirror::has_gone_back(EtcdRevision now, const std::vector<EtcdItem>& items) const {
  if (now < newest_) return true;
  return std::any_of(items.begin(), items.end(), [&](const EtcdItem& item) {
    const std::optional<Slot> slot = layout_.slot_of(item.key);
    if (slot && slot->shelf == Shelf::head) {
      const auto head = heads_.find(slot->name);
      return head != heads_.end() && item.modified < head->second.heard;
    }
    const auto other = others_.find(item.key);
    return other != others_.end() && item.modified < other->second.heard;
  });
}

Result<EtcdRevision> FleetMirror::synchronise() {
  // Another process may have followed before this one.
  granted_to_ = std::max(granted_to_, store::read_granted_mark(reader_.state_path()));
  const Result<EtcdPage> heads = read_shelf(Shelf::head);
  if (!heads) return fail(heads.error());
  std::set<std::string> records;
  EtcdRevision records_revision = 0;
  std::set<std::string> requests;
  std::vector<EtcdItem> items = heads->items;
  for (const Shelf shelf : {Shelf::record, Shelf::request, Shelf::grant}) {
    Result<EtcdPage> page = read_shelf(shelf);
    if (!page) return fail(page.error());
    (shelf == Shelf::record ? records : requests).merge(keys_of(*page));
    if (shelf == Shelf::record) records_revision = page->revision;
    // In the order in which they were left.
    std::stable_sort(
        page->items.begin(), page->items.end(),
        [](const EtcdItem& one, const EtcdItem& other) { return one.created < other.created; });
    for (EtcdItem& item : page->items) items.push_back(std::move(item));
  }
  if (has_gone_back(heads->revision, items)) {
    log_.warn(
        "fleet: etcd has gone back to what it had before, as when its backup is restored; this "
        "host reads all of it again");
    ++times_gone_back_;
    forget_revisions();
    forget_granted_mark();
  }
  newest_ = heads->revision;
  // It is of another etcd, or of what this one had before it went back.
  if (granted_to_ > newest_) forget_granted_mark();
  const std::set<std::string> listed = keys_of(*heads);
  for (auto& [name, known] : heads_) {
    // No host of the fleet removes a head.
    if (listed.contains(layout_.head(name)) || known.heard > heads->revision) continue;
    known.modified = 0;
    failed_.erase(name);
  }
  Result<void> done;
  for (const EtcdItem& item : items) {
    Result<void> taken = take_in({.item = item}, {});
    if (!taken && taken.error().code() != kCopyFailed) return pass(std::move(taken));
    if (done) done = std::move(taken);
  }
  if (!done) return pass(std::move(done));
  // Behind all of them: they are not read in the order in which they were written.
  keep_granted_mark();
  // An empty etcd is a new one, and no reason to lose anything.
  if (!heads->items.empty()) {
    done = in_copy(drop_stale_records(records, records_revision));
    if (!done) return pass(std::move(done));
    drop_stale_requests(requests);
  }
  synchronised_ = heads->revision;
  return heads->revision;
}

// Removes what was removed in etcd while nobody here listened.
Result<void> FleetMirror::drop_stale_records(const std::set<std::string>& listed,
                                             EtcdRevision revision) {
  Result<std::vector<std::string>> names = reader_.names();
  if (!names) return pass(std::move(names));
  names->emplace_back(store::kStoreWide);
  for (const std::string& name : *names) {
    // Records that the fleet has never had belong to this host.
    if (name != store::kStoreWide && head_of(name).modified == 0) continue;
    const std::string directory =
        (name.empty() ? reader_.state_path() : reader_.certificate_path(name)) + "/records";
    const auto kinds = list_directory(directory, Links::nowhere);
    if (!kinds) continue;
    for (const std::string& kind : *kinds) {
      const std::string key = layout_.record(name, kind);
      if (listed.contains(key) || is_temporary_name(kind)) continue;
      others_[key].remove(revision);
      if (is_taken_kind(name, kind)) continue;  // no host of the fleet removes these
      const Result<bool> removed = cache_.remove_record(name, kind);
      if (!removed) return fail(removed.error());
      if (kind == store::kStagedKind) look_at_canary(name);
      if (*removed && !name.empty()) {
        store::note_change(reader_.state_path(), name, store::Changed::records);
      }
    }
  }
  return {};
}

}  // namespace ccm::fleet
