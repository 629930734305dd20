// SPDX-License-Identifier: Apache-2.0
// The part of the mirror that concerns the inbox.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "fleet/store/fleet_mirror.h"
#include "store/host/fleet_note.h"

namespace ccm::fleet {
namespace {

// The file of a request (store/file_store/file_inbox.h).
std::string request_file(const std::string& state_path, const store::Ticket& ticket) {
  return fmt::format("{}/request-{}-{}", state_path, ticket.id, ticket.name);
}

// How late a host may hear of a request, both of its beginning and of its end.
constexpr Seconds kLateness{60};

}  // namespace

Result<void> FleetMirror::apply_request(const Slot& slot, const EtcdEvent& event) {
  const store::Ticket ticket{.id = slot.rest, .name = slot.name};
  store::FileInbox inbox(reader_.state_path());
  if (event.is_removed) {
    note_gone(event.item.key);
    tell_if_expired(ticket);
    inbox.withdraw(ticket);
    return {};
  }
  if (passed_over_.contains(event.item.key)) return {};
  const std::optional<Secret> text = open(event.item);
  if (!text) return {};
  const Result<Letter> letter = parse_letter(*text);
  if (!letter) return fail(letter.error());
  const KnownKey& known = others_[event.item.key];
  const bool was_removed = known.changed != 0 && known.modified == 0;
  const bool was_taken = taken_like(slot.rest).requests.has(slot.rest);
  if (was_removed || was_taken || !letter->is_good_at(etcd_.now())) {
    log_.warn("etcd: {} was asked for before, and is served or too old by now; it changes nothing",
              event.item.key);
    inbox.withdraw(ticket);
    return {};
  }
  // Not written again, because the file's age is the request's age.
  if (inbox.is_waiting(ticket)) return {};
  return in_copy(
      write_file_atomically(request_file(reader_.state_path(), ticket), letter->text.reveal()));
}

void FleetMirror::note_gone(const std::string& key) {
  gone_.emplace_back(etcd_.now(), key);
}

void FleetMirror::forget_gone() {
  const Time now = etcd_.now();
  while (!gone_.empty() && now - gone_.front().first > TakenRequests::kKept) {
    others_.erase(gone_.front().second);
    passed_over_.erase(gone_.front().second);
    gone_.pop_front();
  }
}

// etcd itself removes a request that nobody has taken.
void FleetMirror::tell_if_expired(const store::Ticket& ticket) {
  struct stat status {};
  const std::string file = request_file(reader_.state_path(), ticket);
  if (stat(file.c_str(), &status) != 0) return;
  const Seconds age = SystemClock().now() - Time(Seconds(status.st_mtim.tv_sec));
  if (age < Letter::kLife - kLateness || taken_like(ticket.id).requests.has(ticket.id)) return;
  log_.warn(
      "fleet: certificate \"{}\": what ccmctl has asked for is dropped, because no host that leads "
      "has taken it up within {}; ask again",
      ticket.name, format_duration(Letter::kLife));
}

Result<bool> FleetMirror::apply_grant(const Slot& slot, const EtcdEvent& event) {
  store::FileInbox inbox(reader_.state_path());
  if (event.is_removed) {
    inbox.drop_granted(slot.name);
    granted_heard_ = std::max(granted_heard_, event.item.modified);
    return true;
  }
  const std::optional<Secret> text = open(event.item);
  if (!text) return false;
  const Result<store::StoredRecord> note = parse_stored_record(*text);
  if (!note) return false;
  if (is_old_grant(slot.name, *note, event.item)) {
    log_.warn("etcd: {} is older than what was there before; it changes nothing here",
              event.item.key);
    return false;
  }
  // If it cannot be copied now, it is as good when it is heard of again.
  others_[event.item.key].changed = event.item.modified;
  if (Result<void> kept = inbox.grant(slot.name, note->value.reveal()); !kept) {
    return pass(std::move(kept));
  }
  granted_heard_ = std::max(granted_heard_, event.item.modified);
  return true;
}

// Whoever leads has heard of every note that was put or removed before it writes one.
bool FleetMirror::is_old_grant(const std::string& name, const store::StoredRecord& note,
                               const EtcdItem& item) {
  if (note.version >= granted_to_ || others_[item.key].changed == item.modified) return false;
  return store::FileInbox(reader_.state_path()).granted(name) != note.value.reveal();
}

// If it cannot be written, it holds until this process ends.
void FleetMirror::keep_granted_mark() {
  if (granted_heard_ <= granted_to_) return;
  granted_to_ = granted_heard_;
  static_cast<void>(store::write_granted_mark(reader_.state_path(), granted_to_));
}

// What etcd had before it went back does not count, for a process that starts later either.
void FleetMirror::forget_granted_mark() {
  granted_to_ = granted_heard_ = 0;
  static_cast<void>(store::write_granted_mark(reader_.state_path(), 0));
}

void FleetMirror::drop_stale_requests(const std::set<std::string>& listed) {
  store::FileInbox inbox(reader_.state_path());
  for (const store::Ticket& ticket : inbox.list().value_or(std::vector<store::Ticket>())) {
    if (listed.contains(layout_.request(ticket.id, ticket.name))) continue;
    tell_if_expired(ticket);
    inbox.withdraw(ticket);
  }
  const std::string requests = layout_.shelf(Shelf::request);
  for (auto at = others_.lower_bound(requests);
       at != others_.end() && at->first.starts_with(requests); ++at) {
    if (at->second.modified == 0 || listed.contains(at->first)) continue;
    at->second.modified = 0;
    note_gone(at->first);
  }
  for (const std::string& name : inbox.granted()) {
    if (!listed.contains(layout_.grant(name))) inbox.drop_granted(name);
  }
}

// If a record is damaged here, etcd's replaces it with the next request that is taken.
FleetMirror::Taken FleetMirror::taken_like(std::string_view id) const {
  Taken taken;
  const auto stored = reader_.read_record(store::kStoreWide, taken_kind(id));
  if (!stored || !*stored) return taken;
  taken.version = (*stored)->version;
  if (auto requests = TakenRequests::parse((*stored)->value)) {
    taken.requests = *std::move(requests);
  }
  return taken;
}

// Added to what is known here, so that neither an older record nor a missing one undoes anything.
Result<bool> FleetMirror::apply_taken(const Slot& slot, const EtcdEvent& event) {
  if (event.is_removed) {
    log_.warn("etcd: {} was removed, which nobody of the fleet does; it changes nothing here",
              event.item.key);
    return false;
  }
  const std::optional<Secret> text = open(event.item);
  if (!text) return false;
  const Result<store::StoredRecord> record = parse_stored_record(*text);
  const auto requests =
      record ? TakenRequests::parse(record->value) : Result<TakenRequests>(fail(record.error()));
  if (!requests) return false;
  Taken taken = taken_like(std::string_view(slot.rest).substr(slot.rest.size() - 1));
  taken.requests.add_all(*requests);
  taken.requests.forget_old(etcd_.now());
  const store::StoredRecord whole{.value = taken.requests.serialize(),
                                  .version = std::max(taken.version, record->version)};
  const Result<bool> put = cache_.put_record(slot.name, slot.rest, whole);
  if (!put) return fail(put.error());
  return true;
}

}  // namespace ccm::fleet
