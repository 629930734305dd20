// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/fleet_host.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/fleet_overview.h"

namespace ccm::fleet {
namespace {

using namespace std::chrono_literals;

// Between two attempts to reach etcd, or to become the process that follows.
constexpr Backoff kFollowing{.first = 100ms, .longest = 2s, .immediate = 1};
// Between two attempts to write the copy. Each attempt makes etcd send again what is missing.
constexpr Backoff kCopying{.first = 1s, .longest = 15s};

constexpr EtcdRevision kAllOfIt = std::numeric_limits<EtcdRevision>::max();

}  // namespace

FleetHost::FleetHost(Parts parts, const store::FileReader& reader)
    : parts_(std::move(parts)),
      mirror_(*parts_.etcd, parts_.layout, keys_, reader, parts_.log),
      overview_(parts_.state_path, parts_.log),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

FleetHost::~FleetHost() {
  static_cast<void>(eventfd_write(stop_.get(), 1));
  if (follower_.joinable()) follower_.join();
}

void FleetHost::start() {
  follower_ = std::thread([this] { follow(); });
}

// True when the thread has to end.
bool FleetHost::waits_for(std::chrono::milliseconds time) {
  pollfd waiting{stop_.get(), POLLIN, 0};
  return poll(&waiting, 1, static_cast<int>(time.count())) > 0;
}

void FleetHost::follow() {
  unsigned failures = 0;
  std::chrono::milliseconds pause{0};
  while (!waits_for(pause)) {
    failures = listen() ? 0 : failures + 1;
    const auto held = lock();
    pause = failures == 0 ? 0ms : (cannot_write() ? kCopying : kFollowing).delay(failures);
  }
}

bool FleetHost::listen() {
  const std::optional<EtcdRevision> heard = prepare_to_listen();
  if (!heard) return false;
  bool has_heard = false;
  const Result<void> ended = parts_.etcd->watch(
      parts_.layout.followed(), *heard + 1,
      [&](const EtcdNews& news) {
        has_heard = true;
        return hear(news);
      },
      stop_.get());
  const auto held = lock();
  if (!ended) tell(ended);
  return ended && has_heard && !gap_;
}

std::optional<EtcdRevision> FleetHost::prepare_to_listen() {
  const auto held = lock();
  if (!take_host_lease()) return std::nullopt;
  if (!heard_) tell(synchronise());
  return heard_;
}

// False: listen anew. Unless heard_ is kept, everything must be read anew as well.
bool FleetHost::hear(const EtcdNews& news) {
  const auto held = lock();
  // The member has dropped the history since then, or does not know the log-in any more.
  if (news.is_canceled || has_gone_back(news)) {
    heard_.reset();
    return false;
  }
  hear_of_leader(news);
  hear_of_hosts(news);
  if (has_new_keys(news)) {
    heard_.reset();
    return false;
  }
  // Not the revision of the news itself, because older events may still be on their way.
  EtcdRevision newest = 0;
  for (const EtcdEvent& event : news.events) newest = std::max(newest, event.item.modified);
  if (const Result<void> applied = mirror_.apply(news); !applied) {
    note_gap(applied.error(), newest);
    tell(applied);
    return false;
  }
  if (heard_) heard_ = std::max(*heard_, newest);
  if (gap_ && newest >= gap_->until) gap_.reset();
  if (!gap_) tell({});
  return true;
}

void FleetHost::note_gap(const Error& error, EtcdRevision until) {
  gap_ = Gap{.until = std::max(until, gap_ ? gap_->until : 0),
             .is_local = error.code() == kCopyFailed};
}

void FleetHost::begin_anew() {
  mirror_.forget_revisions();
  heard_.reset();
}

// A member that lags behind also has lower revisions, so all members are asked. What this host has
// written itself may be newer than all that it has heard, and counts when a watch begins.
bool FleetHost::has_gone_back(const EtcdNews& news) {
  if (!heard_) return false;
  const EtcdRevision known = news.events.empty() ? std::max(*heard_, mirror_.newest()) : *heard_;
  if (news.revision >= known) return false;
  const Result<EtcdPage> page = parts_.etcd->range({.key = parts_.layout.leader()});
  return page && page->revision < known;
}

// A change of keys concerns this host when it is about its own box or its membership.
bool FleetHost::has_new_keys(const EtcdNews& news) const {
  const std::string keys = parts_.layout.all() + "keys/";
  const std::string hosts = parts_.layout.all() + "hosts/";
  return std::any_of(news.events.begin(), news.events.end(), [&](const EtcdEvent& event) {
    const std::string& key = event.item.key;
    return (key.starts_with(keys) || key.starts_with(hosts)) && key.ends_with("/" + parts_.self.id);
  });
}

void FleetHost::hear_of_leader(const EtcdNews& news) {
  for (const EtcdEvent& event : news.events) {
    if (event.item.key != parts_.layout.leader()) continue;
    leader_.reset();
    if (event.is_removed) continue;
    leader_ = Leader{.token = event.item.created, .who = parse_leader(event.item.value)};
  }
}

void FleetHost::hear_of_hosts(const EtcdNews& news) {
  const std::string members = parts_.layout.all() + "hosts/";
  for (const EtcdEvent& event : news.events) {
    const std::string& key = event.item.key;
    if (key.starts_with(members)) ++members_heard_;
    if (key == parts_.layout.overview() && !event.is_removed) {
      overview_.take_in(event.item, keys_);
    }
  }
}

Result<void> FleetHost::look_at_overview() {
  const Result<EtcdPage> page = parts_.etcd->range({.key = parts_.layout.overview()});
  if (!page) return fail(page.error());
  ++members_heard_;
  if (!page->items.empty()) overview_.take_in(page->items.front(), keys_);
  return {};
}

Result<void> FleetHost::look_at_leader() {
  const Result<EtcdPage> page = parts_.etcd->range({.key = parts_.layout.leader()});
  if (!page) return fail(page.error());
  leader_.reset();
  if (page->items.empty()) return {};
  const EtcdItem& item = page->items.front();
  leader_ = Leader{.token = item.created, .who = parse_leader(item.value)};
  return {};
}

bool FleetHost::is_led_by_another(EtcdRevision own_token) const {
  return heard_ && leader_ && leader_->token != own_token &&
         !parts_.self.is_same_process_or_before(leader_->who);
}

std::optional<FleetHost::Standing> FleetHost::standing() {
  const auto held = lock();
  look_for_copies();
  look_for_space();
  note();
  if (host_lease_ == nullptr || !heard_ || keys_.keys.empty()) return std::nullopt;
  return Standing{.keys = lent_keys_,
                  .leads = leader_ && parts_.self.is_same_process_or_before(leader_->who),
                  .leader = leader_ ? leader_->who : FleetLeader(),
                  .leader_token = leader_ ? leader_->token : 0,
                  .followed = *heard_,
                  .failed = mirror_.failed(),
                  .heads_heard = mirror_.heads_heard(),
                  .has_canary = mirror_.has_canary(),
                  .members_heard = members_heard_};
}

bool FleetHost::take_host_lease() {
  if (host_lease_ != nullptr) return true;
  Result<std::unique_ptr<store::Lease>> lease = parts_.files->try_lead();
  const std::string problem = lease ? std::string() : lease.error().message();
  if (problem != std::exchange(lease_problem_, problem) && !problem.empty()) {
    parts_.log.warn("fleet: {}", problem);
  }
  if (lease) host_lease_ = *std::move(lease);
  if (host_lease_ != nullptr) parts_.self.place = place_of(parts_.state_path);
  return host_lease_ != nullptr;
}

Result<void> FleetHost::read_keys() {
  Result<FleetKeys> keys = parts_.read_keys();
  if (!keys) return pass(std::move(keys));
  const bool are_others = !keys->has_same_ids(keys_);
  keys_ = *std::move(keys);
  lent_keys_ = std::make_shared<const FleetKeys>(keys_.clone());
  keys_of_ = mirror_.times_gone_back();
  if (are_others) mirror_.hear_all_again();
  return {};
}

Result<void> FleetHost::have_keys() {
  return keys_.keys.empty() ? read_keys() : Result<void>();
}

// Whether the fleet has a new key since they were read; each change writes this host's entry anew.
Result<bool> FleetHost::are_keys_old() const {
  if (keys_.entry_modified == 0) return false;
  const Result<EtcdPage> page = parts_.etcd->range({.key = keys_.entry});
  if (!page) return fail(page.error());
  return page->items.empty() || page->items.front().modified != keys_.entry_modified;
}

// Also reads the keys. Nobody tells this host later what happened to them before the revision from
// which it listens.
Result<void> FleetHost::synchronise() {
  Result<void> done = read_all();
  if (done) gap_.reset();
  if (!done && done.error().code() == kCopyFailed) {
    note_gap(done.error(), kAllOfIt);
    heard_.reset();
  }
  return done;
}

Result<void> FleetHost::read_all() {
  if (keys_of_ != mirror_.times_gone_back()) overview_.forget_revisions();
  if (Result<void> read = read_keys(); !read) return read;
  const Result<EtcdRevision> revision = mirror_.synchronise();
  if (!revision) return fail(revision.error());
  if (keys_of_ != mirror_.times_gone_back()) return read_all();
  // Not earlier, because everything after that revision is heard of.
  if (Result<void> looked = look_at_leader(); !looked) return looked;
  if (Result<void> looked = look_at_overview(); !looked) return looked;
  const Result<bool> are_old = are_keys_old();
  if (!are_old) return fail(are_old.error());
  if (*are_old) return fail(ErrorKind::transient, "the fleet has got another key just now");
  heard_ = *revision;
  return {};
}

Result<void> FleetHost::catch_up() {
  return synchronise();
}

Result<bool> FleetHost::is_ready_to_lead() {
  if (!take_host_lease()) {
    if (lease_problem_.empty()) return false;
    return fail(ErrorKind::rejected, lease_problem_);
  }
  // The thread that follows notices when that is over.
  if (cannot_write()) return fail(ErrorKind::transient, "the copy of the fleet cannot be written");
  if (heard_) return true;
  if (Result<void> done = synchronise(); !done) return pass(std::move(done));
  return true;
}

}  // namespace ccm::fleet
