// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/fleet_inbox.h"

#include <fmt/format.h>

#include <utility>

#include "base/boundary.h"
#include "base/file.h"
#include "fleet/store/draft.h"
#include "fleet/store/taken_requests.h"
#include "store/entry_name.h"

namespace ccm::fleet {
namespace {

// A chain and a key, each of at most 1 MiB, as in the file store's inbox.
constexpr std::size_t kLargestLetter = std::size_t{2} << 20U;

}  // namespace

// Writes the request as the file store's inbox does, in a folder that nobody watches.
Result<Secret> FleetInbox::write_down(const store::Request& request, std::string& id) const {
  if (Result<void> made = make_directories(outbox_path_); !made) return pass(std::move(made));
  store::FileInbox outbox(outbox_path_);
  Result<std::string> left = outbox.leave(request);
  if (!left) return pass(std::move(left));
  id = *left;
  Result<Secret> text = read_secret_file(
      fmt::format("{}/request-{}-{}", outbox_path_, id, request.name), kLargestLetter);
  outbox.withdraw({.id = id, .name = request.name});
  return text;
}

Result<std::string> FleetInbox::leave(const store::Request& request) {
  std::string id;
  const Result<Secret> text = write_down(request, id);
  if (!text) return fail(text.error());
  const std::string key = host_.layout().request(id, request.name);
  const auto held = host_.lock();
  if (Result<void> ready = host_.have_keys(); !ready) return pass(std::move(ready));
  // A request that nobody serves disappears by itself.
  const Result<EtcdLease> lease = host_.etcd()->grant(Letter::kLife);
  if (!lease) return fail(lease.error());
  Result<std::string> sealed =
      host_.keys().seal(key, serialize(Letter{.text = text->clone(), .left = host_.etcd()->now()}));
  if (!sealed) return sealed;
  Result<void> done = host_.commit(
      {.compares = {{.key = key, .of = EtcdCompare::Of::created, .revision = 0}},
       .changes = {{.key = key, .value = *std::move(sealed), .end = {}, .lease = *lease}}},
      nullptr);
  if (!done) return pass(std::move(done));
  return id;
}

store::Withdrawal FleetInbox::remove(const store::Ticket& ticket) {
  const std::string key = host_.layout().request(ticket.id, ticket.name);
  const auto held = host_.lock();
  host_.mirror().pass_over(key);
  if (host_.etcd()->is_silent()) return store::Withdrawal::may_be_served;
  const Result<EtcdPage> page = host_.etcd()->range({.key = key});
  if (!page) return store::Withdrawal::may_be_served;
  if (page->items.empty()) return store::Withdrawal::gone;
  const Result<void> done = host_.commit({.compares = {{.key = key,
                                                        .of = EtcdCompare::Of::modified,
                                                        .revision = page->items.front().modified}},
                                          .changes = {{.key = key, .value = std::nullopt}}},
                                         nullptr);
  const bool is_removed = done || done.error().code() == kCopyFailed;
  return is_removed ? store::Withdrawal::taken_back : look_what_became_of(ticket);
}

// Perhaps only the answer to the removal was lost, or a leader was faster.
store::Withdrawal FleetInbox::look_what_became_of(const store::Ticket& ticket) {
  const FleetLayout& layout = host_.layout();
  const auto read = [&](const std::string& key) -> Result<EtcdPage> {
    if (host_.etcd()->is_silent()) return fail(ErrorKind::transient, "etcd does not answer");
    return host_.etcd()->range({.key = key});
  };
  const Result<EtcdPage> request = read(layout.request(ticket.id, ticket.name));
  if (!request || !request->items.empty()) return store::Withdrawal::may_be_served;
  // Afterwards: a leader removes the request and notes it here in one transaction.
  const std::string place = layout.record(store::kStoreWide, taken_kind(ticket.id));
  const Result<EtcdPage> taken = read(place);
  if (!taken || !host_.have_keys()) return store::Withdrawal::may_be_served;
  if (host_.mirror().taken_like(ticket.id).requests.has(ticket.id)) return store::Withdrawal::gone;
  if (taken->items.empty()) return store::Withdrawal::taken_back;
  const Result<Secret> text = host_.keys().unseal(place, taken->items.front().value);
  if (!text) return store::Withdrawal::may_be_served;
  const Result<store::StoredRecord> record = parse_stored_record(*text);
  if (!record) return store::Withdrawal::may_be_served;
  const Result<TakenRequests> requests = TakenRequests::parse(record->value);
  if (!requests) return store::Withdrawal::may_be_served;
  return requests->has(ticket.id) ? store::Withdrawal::gone : store::Withdrawal::taken_back;
}

store::Withdrawal FleetInbox::withdraw(const store::Ticket& ticket) noexcept {
  return at_boundary(
      store::Withdrawal::may_be_served, [](std::string_view) {},
      [&] {
        const store::Withdrawal outcome = remove(ticket);
        copy_.withdraw(ticket);
        return outcome;
      });
}

// Only the leader takes requests, so the next leader does not find it any more.
Result<void> FleetInbox::take(const store::Lease& lease, const store::Ticket& ticket,
                              const std::optional<std::string>& note) {
  const auto held = host_.lock();
  const FleetLayout& layout = host_.layout();
  const std::string request = layout.request(ticket.id, ticket.name);
  const EtcdRevision waiting = host_.mirror().modified(request);
  FleetMirror::Taken taken = host_.mirror().taken_like(ticket.id);
  if (taken.requests.has(ticket.id) && in_doubt_.erase(ticket.id) > 0) {
    // Nobody else can have taken it while this process has led all the time.
    return host_.check_lease(lease);
  }
  if (waiting == 0 || !copy_.is_waiting(ticket) || taken.requests.has(ticket.id)) {
    in_doubt_.erase(ticket.id);
    copy_.withdraw(ticket);
    return fail(ErrorKind::rejected, "the request is gone");
  }
  const Time now = host_.etcd()->now();
  taken.requests.forget_old(now);
  if (taken.requests.is_full()) {
    return fail(ErrorKind::transient, "the fleet has taken up too many requests in the last hours");
  }
  taken.requests.add(ticket.id, now);
  const std::string record = layout.record(store::kStoreWide, taken_kind(ticket.id));
  Draft draft(layout, host_.keys());
  draft.expect(record, host_.mirror().modified(record));
  draft.expect(request, waiting);
  draft.put(record,
            serialize(taken.requests.serialize(), host_.mirror().next_version(taken.version)));
  draft.remove(request);
  if (note) draft.put(layout.grant(ticket.name), with_version(*note));
  Result<EtcdTransaction> transaction = std::move(draft).take();
  if (!transaction) return pass(std::move(transaction));
  Result<void> done = host_.commit(*std::move(transaction), &lease);
  // The request was also taken when only the copy could not be written.
  if (!done && done.error().code() == kCopyFailed) return {};
  // Perhaps only the answer was lost.
  if (!done) in_doubt_.insert(ticket.id);
  return done;
}

Secret FleetInbox::with_version(std::string_view note) const {
  return serialize(Secret::copy_of(note), host_.mirror().next_version(0));
}

Result<void> FleetInbox::grant(const std::string& name, std::string_view note) {
  if (Result<void> checked = store::check_entry_name(name); !checked) return checked;
  const std::string key = host_.layout().grant(name);
  const auto held = host_.lock();
  Result<std::string> sealed = host_.keys().seal(key, with_version(note));
  if (!sealed) return pass(std::move(sealed));
  return host_.commit({.compares = {}, .changes = {{.key = key, .value = *std::move(sealed)}}},
                      nullptr);
}

void FleetInbox::drop_granted(const std::string& name) noexcept {
  at_boundary(
      0, [](std::string_view) {},
      [&] {
        const auto held = host_.lock();
        // Also when the copy has none: the next leader would find it.
        static_cast<void>(
            host_.commit({.compares = {},
                          .changes = {{.key = host_.layout().grant(name), .value = std::nullopt}}},
                         nullptr));
        copy_.drop_granted(name);
        return 0;
      });
}

}  // namespace ccm::fleet
