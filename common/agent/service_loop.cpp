// SPDX-License-Identifier: Apache-2.0
#include "agent/service_loop.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <climits>
#include <string>
#include <utility>

#include "agent/process/privileges.h"
#include "agent/state_place.h"
#include "base/file.h"
#include "base/text.h"
#include "launch/process.h"
#include "store/host/canary_file.h"
#include "store/host/effective_settings.h"
#include "store/host/fleet_note.h"
#include "store/host/state_room.h"

namespace ccm::agent {
namespace {

using std::chrono::milliseconds;

constexpr Seconds kTryToLead{1};
// How often the loop asks whether the fleet's lease is still held.
constexpr Seconds kLookAtLease{1};
// How often the loop looks at the store when the system allows no notifications.
constexpr Seconds kLookAtStore{1};
// The shortest time between two looks, however often the agent wakes.
constexpr Seconds kLookAtNeighbours{1};
// A server that was replaced leaves files behind when it ends.
constexpr Seconds kTidy{300};
// No work takes longer: every call has a time limit, and no attempt makes so many calls.
constexpr Seconds kLongestWork{3600};

// Distinguishes this host from others with the same certificates. Copies of an image may share one
// of the two parts; without both, hosts only renew at the same time.
std::string host_identity() {
  const Result<std::string> machine = read_file("/etc/machine-id", 256);
  std::array<char, HOST_NAME_MAX + 1> name{};
  static_cast<void>(gethostname(name.data(), name.size() - 1));
  return fmt::format("{} {}", machine ? trim(*machine) : "", name.data());
}

// Runs the hooks of an event that has not happened, for `ccmctl events test`.
void run_hooks(EventStream& events, Event event, store::Answer& end) {
  constexpr std::size_t kMostReport = std::size_t{16} << 10U;
  const std::string name(kind_of(event.type).name);
  const auto results = events.test(std::move(event));
  if (!results) {
    end.error = results.error();
    return;
  }
  if (results->empty()) end.report = fmt::format("no hook is configured for \"{}\"\n", name);
  std::size_t failures = 0;
  for (const HookResult& result : *results) {
    end.report += fmt::format("{}{} {}\n", result.output, result.hook, result.outcome);
    if (!result.is_good) ++failures;
  }
  end.report.resize(cut(end.report, kMostReport).size());
  if (failures == 0) return;
  end.error = Error(ErrorKind::rejected, fmt::format("{} of {} hooks did not end with status 0",
                                                     failures, results->size()));
}

}  // namespace

ServiceLoop::ServiceLoop(Parts parts)
    : parts_(std::move(parts)),
      neighbours_({kStorePath, store::id_of(parts_.server), parts_.config, *parts_.roster,
                   parts_.clock, parts_.log}),
      clock_watch_(parts_.clock),
      altered_files_(
          {parts_.config, *parts_.store, std::move(parts_.watches.files), parts_.life, parts_.log}),
      room_({.directory = kStorePath,
             .state_path = parts_.config.global().state_path,
             .life = parts_.life,
             .log = parts_.log,
             .look_for_refusal = store::look_for_refusal}),
      workers_(std::move(parts_.beats), parts_.life, parts_.log) {
  if (is_in_fleet() && parts_.may_lead) {
    candidate_ = std::make_unique<Candidate>(*parts_.store, wake_descriptor());
  }
  if (parts_.publisher || parts_.notes) make_board();
}

void ServiceLoop::make_board() {
  const ReadCredentials& credentials = parts_.access->credentials;
  board_.emplace(StatusBoard::Parts{
      .config = parts_.config,
      .store = *parts_.store,
      .writer = parts_.publisher ? parts_.publisher->writer() : *parts_.notes,
      .ledger = parts_.calls,
      .clock = parts_.clock,
      .log = parts_.log,
      .account = credentials && *credentials ? (*credentials)->domain_id : "",
      .has_access = !parts_.access->trouble(),
      .flaws = [&life = parts_.life] { return life.flaws(); },
      .hooks = [&events = parts_.events] { return events.hook_counts(); },
      .canary_counter = [counts = std::make_shared<store::CanaryCounts>(kStorePath)](
                            const std::string& name,
                            const store::Canary& canary) { return counts->of(name, canary); },
      .fleet = [] { return store::read_fleet_note(kStorePath); },
      .fleet_overview = [] { return store::read_fleet_overview(kStorePath); }});
}

int ServiceLoop::run() {
  for (;;) {
    look_at_place();
    look_at_room();
    end_when_something_hangs();
    end_when_lead_is_lost();
    const SteadyTime sign = parts_.life.give();
    if (parts_.notes) parts_.notes->beat(sign);
    workers_.look(sign);
    notice_the_clock();
    notice_altered_files();
    if (parts_.publisher) parts_.publisher->refresh(parts_.clock.now());
    parts_.settings.look(sign);
    tidy();
    look_at_neighbours();
    tell_of_fleet();
    if (wants_to_lead()) try_to_lead();
    if (engine_ != nullptr) engine_->hand_out(parts_.clock.now());
    if (board_) board_->look(engine_ != nullptr, engine_ ? engine_->next_wake() : Time::max());
    std::array<pollfd, 3> waiting{{{launch::kLifelineDescriptor, POLLIN, 0},
                                   {parts_.watches.store.get(), POLLIN, 0},
                                   {parts_.watches.attempt.get(), POLLIN, 0}}};
    const int count =
        poll(waiting.data(), waiting.size(), static_cast<int>(time_to_sleep().count()));
    // The server is gone or has loaded another configuration. Every durable write is atomic, so
    // there is nothing to finish, and a call that hangs must not delay anybody.
    if (count > 0 && waiting[0].revents != 0) _exit(0);
    if (count > 0) {
      parts_.watches.empty();
    }
  }
}

// Ends the process instead of returning, because the engine's threads are never joined
// (engine.cpp).
void ServiceLoop::look_at_place() {
  const std::string& path = parts_.config.global().state_path;
  switch (look_at_state_place(path)) {
    case StatePlace::same:
      is_away_ = false;
      parts_.life.note(AgentFlaw::moved_state, false);
      return;
    case StatePlace::removed:
      parts_.log.error("the state directory was removed; the agent starts anew to make it again");
      _exit(1);
    case StatePlace::replaced:
      parts_.log.error(
          "another store has taken the place of the state directory {}; the agent starts anew to "
          "work in it",
          path);
      _exit(1);
    case StatePlace::away:
      if (std::exchange(is_away_, true)) return;
      parts_.life.note(AgentFlaw::moved_state, true);
      parts_.log.error(
          "the state directory is not at {} any more; the agent goes on where it was moved to, "
          "until it or another store is back in its place",
          path);
  }
}

void ServiceLoop::look_at_room() {
  if (room_.look(parts_.clock.steady_now()) && engine_ != nullptr) engine_->room_is_back();
}

// The monitor, or its guard, starts another agent.
void ServiceLoop::end_when_something_hangs() {
  if (getppid() != monitor_) {
    parts_.log.error("the agent's monitor has died; the agent ends, and another one takes over");
    _exit(1);
  }
  if (engine_ == nullptr || engine_->longest_work(parts_.clock.steady_now()) < kLongestWork) return;
  parts_.log.error("an attempt has not ended for {}; the agent starts anew",
                   format_duration(kLongestWork));
  _exit(1);
}

void ServiceLoop::notice_the_clock() {
  const Seconds by = clock_watch_.look();
  if (by == Seconds::zero()) return;
  parts_.log.notice(
      "the system's clock was set {} by {}, or the system slept; every wait is "
      "worked out again",
      by > Seconds::zero() ? "forward" : "back", format_duration(std::chrono::abs(by)));
  if (parts_.publisher) parts_.publisher->clock_was_set();
  if (engine_ != nullptr) engine_->clock_was_set(by);
}

// Another host may have begun the same work by now. The fence keeps this host's results out of the
// store; ending the process also stops its orders.
void ServiceLoop::end_when_lead_is_lost() const {
  if (engine_ == nullptr || engine_->leads()) return;
  parts_.log.warn(
      "this host does not lead the fleet any more, because it has not reached etcd in time, cannot "
      "write its copy, or somebody has ended its lease; the agent starts anew and follows");
  _exit(launch::kStartAnew);
}

void ServiceLoop::notice_altered_files() {
  const std::vector<std::string> names = altered_files_.look(parts_.clock.steady_now());
  if (names.empty()) return;
  if (parts_.publisher) parts_.publisher->notice(names);
  if (engine_ != nullptr) engine_->notice(names);
  if (board_) board_->notice(names);
}

void ServiceLoop::tidy() {
  const SteadyTime now = parts_.clock.steady_now();
  if (now < next_tidying_) return;
  store::forget_predecessors(kStorePath, parts_.server, now);
  next_tidying_ = now + kTidy;
}

// A leader knows the certificates of the other servers from its start on.
void ServiceLoop::look_at_neighbours() {
  const SteadyTime now = parts_.clock.steady_now();
  if (engine_ == nullptr || !engine_->is_idle()) return;
  owes_a_look_ = now < next_look_at_neighbours_;
  if (owes_a_look_) return;
  next_look_at_neighbours_ = now + kLookAtNeighbours;
  if (!neighbours_.have_changed()) return;
  parts_.log.notice(
      "the certificates of another server {} have changed; the agent starts anew to look after "
      "them",
      is_in_fleet() ? "on this host or in the fleet" : "on this host");
  _exit(launch::kStartAnew);
}

void ServiceLoop::tell_of_fleet() {
  for (Event& event : parts_.roster->take_events()) parts_.events.tell(std::move(event));
}

milliseconds ServiceLoop::time_to_sleep() const {
  if (parts_.publisher && parts_.publisher->has_more()) return milliseconds(0);
  if (board_ && board_->has_more()) return milliseconds(0);
  Seconds longest = wants_to_lead() ? kTryToLead : SignOfLife::kBeat;
  if (!parts_.watches.store) longest = std::min(longest, kLookAtStore);
  if (parts_.publisher && parts_.publisher->counts()) {
    longest = std::min(longest, CanaryPublisher::kBetweenCounts);
  }
  if (board_ && !board_->is_at_rest()) longest = std::min(longest, StatusBoard::kBetweenLooks);
  if (!workers_.is_at_rest()) longest = std::min(longest, WorkerWatch::kBetweenLooks);
  if (!parts_.settings.is_at_rest()) longest = std::min(longest, SettingsKeeper::kPause);
  if (owes_a_look_) longest = std::min(longest, kLookAtNeighbours);
  if (engine_ != nullptr && is_in_fleet()) longest = std::min(longest, kLookAtLease);
  if (engine_ != nullptr) {
    const Time wake = engine_->next_wake();
    const Time now = parts_.clock.now();
    // Clocks count whole seconds, so a wake in this second counts as due.
    longest = wake <= now ? Seconds(0) : std::min(longest, wake - now);
  }
  return longest;
}

// This host's own store answers at once. etcd may be slow, so a thread asks it.
void ServiceLoop::try_to_lead() {
  if (candidate_ != nullptr) return try_to_lead_the_fleet();
  hear_who_leads(parts_.store->try_lead());
}

void ServiceLoop::try_to_lead_the_fleet() {
  if (auto outcome = candidate_->take_outcome()) return hear_who_leads(*std::move(outcome));
  const SteadyTime now = parts_.clock.steady_now();
  if (!candidate_->is_idle() || now < next_candidacy_) return;
  next_candidacy_ = now + kTryToLead;
  candidate_->stand();
}

void ServiceLoop::hear_who_leads(Result<std::unique_ptr<store::Lease>> outcome) {
  if (outcome && *outcome != nullptr) return take_lead(*std::move(outcome));
  // When etcd does not answer, the thread that follows the fleet has logged it.
  const bool is_told_of = !outcome && is_in_fleet() && outcome.error().is_retryable() &&
                          outcome.error().kind() != ErrorKind::internal;
  if (is_told_of) return;
  if (std::exchange(has_said_who_leads_, true)) return;
  if (!outcome) {
    parts_.log.error("taking the lead of {}: {}",
                     is_in_fleet() ? "the fleet" : "the state directory",
                     outcome.error().message());
    return;
  }
  parts_.log.info("another agent {} talks to the cloud; this one publishes what it stores",
                  is_in_fleet() ? "of the fleet" : "on this host");
}

void ServiceLoop::take_lead(std::unique_ptr<store::Lease> lease) {
  joined_ = neighbours_.joined().on_host(host_identity());
  Engine::Parts parts{.config = *joined_,
                      .state_path = kStorePath,
                      .store = *parts_.store,
                      .lease = std::move(lease),
                      .clock = parts_.clock,
                      .log = parts_.log,
                      .launch_id = parts_.server.launch_id,
                      .calls = parts_.calls,
                      .wake_descriptor = wake_descriptor(),
                      .events = parts_.events,
                      .run_hooks =
                          [&events = parts_.events](Event event, store::Answer& end) {
                            run_hooks(events, std::move(event), end);
                          },
                      .asked = parts_.asked ? &*parts_.asked : nullptr};
  engine_ = Engine::start(std::move(parts), *std::exchange(parts_.access, std::nullopt));
  parts_.life.leads();
  parts_.events.tell({.type = EventType::lead_taken,
                      .sentence = is_in_fleet()
                                      ? "this agent looks after the certificates of the fleet"
                                      : "this agent looks after the certificates of the state "
                                        "directory"});
}

}  // namespace ccm::agent
