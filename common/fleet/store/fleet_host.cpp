// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/fleet_host.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "base/backoff.h"

namespace ccm::fleet {
namespace {

using namespace std::chrono_literals;

// Between two attempts to reach etcd, and to become the process that follows.
constexpr Backoff kFollowing{.first = 100ms, .longest = 2s, .immediate = 1};

}  // namespace

FleetHost::FleetHost(Parts parts, const store::FileReader& reader)
    : parts_(std::move(parts)),
      mirror_(*parts_.etcd, parts_.layout, parts_.keys, reader, parts_.log),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

FleetHost::~FleetHost() {
  static_cast<void>(eventfd_write(stop_.get(), 1));
  if (follower_.joinable()) follower_.join();
}

void FleetHost::start() {
  follower_ = std::thread([this] { follow(); });
}

// True when it is to end.
bool FleetHost::waits_for(std::chrono::milliseconds time) {
  pollfd waiting{stop_.get(), POLLIN, 0};
  return poll(&waiting, 1, static_cast<int>(time.count())) > 0;
}

void FleetHost::follow() {
  unsigned failures = 0;
  while (!waits_for(failures == 0 ? 0ms : kFollowing.delay(failures))) {
    const std::optional<EtcdRevision> heard = prepare_to_listen();
    if (!heard) {
      ++failures;
      continue;
    }
    bool has_heard = false;
    const Result<void> ended = parts_.etcd->watch(
        range_of_prefix(parts_.layout.all()), *heard + 1,
        [&](const EtcdNews& news) {
          has_heard = true;
          return hear(news);
        },
        stop_.get());
    const auto held = lock();
    tell(ended);
    failures = ended && has_heard ? 0 : failures + 1;
  }
}

std::optional<EtcdRevision> FleetHost::prepare_to_listen() {
  const auto held = lock();
  if (!take_host_lease()) return std::nullopt;
  if (!heard_) tell(synchronise());
  return heard_;
}

// False: all has to be read anew.
bool FleetHost::hear(const EtcdNews& news) {
  const auto held = lock();
  // The member has forgotten what happened since.
  if (news.is_canceled) {
    heard_.reset();
    return false;
  }
  if (const Result<void> applied = mirror_.apply(news); !applied) {
    parts_.log.warn("fleet: {}", applied.error().message());
    heard_.reset();
    return false;
  }
  tell({});
  // Not the revision of the news itself: older ones may still be on their way.
  for (const EtcdEvent& event : news.events) {
    if (heard_) heard_ = std::max(*heard_, event.item.modified);
  }
  return true;
}

void FleetHost::tell(const Result<void>& outcome) {
  if (outcome.has_value() != is_cut_off_) return;
  is_cut_off_ = !outcome;
  if (outcome) {
    parts_.log.notice("fleet: etcd answers again");
  } else {
    parts_.log.warn("fleet: {}; this host goes on with its copy", outcome.error().message());
  }
}

bool FleetHost::take_host_lease() {
  if (host_lease_ != nullptr) return true;
  Result<std::unique_ptr<store::Lease>> lease = parts_.files->try_lead();
  if (!lease) parts_.log.warn("fleet: {}", lease.error().message());
  if (lease) host_lease_ = *std::move(lease);
  return host_lease_ != nullptr;
}

Result<void> FleetHost::synchronise() {
  const Result<EtcdRevision> revision = mirror_.synchronise();
  if (!revision) return fail(revision.error());
  heard_ = *revision;
  return {};
}

Result<void> FleetHost::catch_up() {
  return synchronise();
}

Result<bool> FleetHost::is_ready_to_lead() {
  if (!take_host_lease()) return false;
  if (heard_) return true;
  if (Result<void> done = synchronise(); !done) return pass(std::move(done));
  return true;
}

Result<void> FleetHost::check_lease(const store::Lease& lease) {
  const Result<EtcdPage> leader = parts_.etcd->range({.key = parts_.layout.leader()});
  if (!leader) return fail(leader.error());
  if (!leader->items.empty() && leader->items.front().created == lease.fencing_token()) return {};
  return fail(ErrorKind::transient, "another host leads the fleet by now, or none");
}

Result<void> FleetHost::commit(EtcdTransaction transaction, const store::Lease* lease) {
  if (lease != nullptr) {
    transaction.compares.push_back({.key = parts_.layout.leader(),
                                    .of = EtcdCompare::Of::created,
                                    .revision = lease->fencing_token()});
  }
  const Result<EtcdOutcome> outcome = parts_.etcd->commit(transaction);
  if (!outcome) return fail_with(Result<void>(fail(outcome.error())), "write to the fleet");
  if (!outcome->has_happened) {
    if (lease != nullptr) {
      if (Result<void> leads = check_lease(*lease); !leads) return leads;
    }
    return fail(ErrorKind::transient, "another host has changed it in the meantime");
  }
  // Without the lease of the copy: whoever has it hears of it.
  if (host_lease_ == nullptr) return {};
  EtcdNews news{.events = {}, .revision = outcome->revision};
  for (EtcdChange& change : transaction.changes) {
    if (!change.value && !change.end.empty()) continue;
    news.events.push_back({.item = {.key = std::move(change.key),
                                    .value = change.value.value_or(std::string()),
                                    .modified = outcome->revision},
                           .is_removed = !change.value});
  }
  return mirror_.apply(news);
}

}  // namespace ccm::fleet
