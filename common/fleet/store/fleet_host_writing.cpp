// SPDX-License-Identifier: Apache-2.0
// The part of a fleet's host that writes.
#include <utility>

#include "fleet/store/fleet_host.h"

namespace ccm::fleet {
namespace {

Failure silent() {
  return fail(ErrorKind::transient, "etcd has not answered just now");
}

Failure not_leading() {
  return fail(ErrorKind::transient, "another host leads the fleet by now, or none");
}

}  // namespace

Result<void> FleetHost::check_lease(const store::Lease& lease) {
  if (!lease.is_held()) return not_leading();
  if (parts_.etcd->is_silent()) return silent();
  const Result<EtcdPage> leader = parts_.etcd->range({.key = parts_.layout.leader()});
  if (!leader) return fail(leader.error());
  if (!leader->items.empty() && leader->items.front().created == lease.fencing_token()) return {};
  return not_leading();
}

Result<void> FleetHost::commit(EtcdTransaction transaction, const store::Lease* lease) {
  if (lease != nullptr) {
    // Does not wait in vain for an etcd that does not answer.
    if (!lease->is_held()) return not_leading();
    transaction.compares.push_back({.key = parts_.layout.leader(),
                                    .of = EtcdCompare::Of::created,
                                    .revision = lease->fencing_token()});
    if (keys_.entry_modified != 0) {
      transaction.compares.push_back(
          {.key = keys_.entry, .of = EtcdCompare::Of::modified, .revision = keys_.entry_modified});
    }
  }
  if (parts_.etcd->is_silent()) return silent();
  const Result<EtcdOutcome> outcome = parts_.etcd->commit(transaction);
  if (!outcome) return fail_with(Result<void>(fail(outcome.error())), "write to the fleet");
  if (!outcome->has_happened) {
    if (lease != nullptr) {
      if (Result<void> leads = check_lease(*lease); !leads) return leads;
      // Only leaders write it, so this process has wrong knowledge, perhaps because the answer to
      // an earlier write was lost. The next attempt will have read it anew.
      begin_anew();
      tell(synchronise());
      return fail(ErrorKind::transient,
                  "etcd had something else than this host knew, and was read again");
    }
    return fail(ErrorKind::transient, "another host has changed it in the meantime");
  }
  // Without the lease of the copy, the process that has it hears of the change.
  if (host_lease_ == nullptr) return {};
  EtcdNews news{.events = {}, .revision = outcome->revision};
  for (EtcdChange& change : transaction.changes) {
    if (!change.value && !change.end.empty()) continue;
    news.events.push_back({.item = {.key = std::move(change.key),
                                    .value = change.value.value_or(std::string()),
                                    .modified = outcome->revision},
                           .is_removed = !change.value});
  }
  Result<void> applied = mirror_.apply(news);
  if (!applied) note_gap(applied.error(), outcome->revision);
  if (!applied && cannot_write() && lease != nullptr && may_lead_->exchange(false)) {
    parts_.log.warn(
        "fleet: this host leaves the lead to another one, because it cannot write its copy: {}",
        applied.error().message());
  }
  return applied;
}

}  // namespace ccm::fleet
