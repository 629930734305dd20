// SPDX-License-Identifier: Apache-2.0
#include "agent/engine.h"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "agent/process/thread_pool.h"
#include "agent/publishing/snapshot_keeper.h"
#include "agent/publishing/store_follower.h"
#include "agent/publishing/turns.h"
#include "agent/store_mender.h"
#include "agent/ticket_keeper.h"
#include "base/account.h"
#include "cloud/identity/session.h"
#include "lifecycle/adoption.h"
#include "lifecycle/attempt/responder.h"
#include "lifecycle/catalogue/catalogue_keeper.h"
#include "lifecycle/lifecycle.h"
#include "lifecycle/lockout.h"
#include "lifecycle/request_handler.h"
#include "lifecycle/stapling.h"
#include "sources/source_drivers.h"
#include "store/host/canary_file.h"

namespace ccm::agent {
namespace {

constexpr unsigned kRequestThreads = 2;
constexpr unsigned kFleetThreads = 4;
constexpr Seconds kBetweenCanaries{1};
// A certificate of a catalogue counts as asked for until the end of the next such time.
constexpr Seconds kAskedPeriod = std::chrono::hours(12);

// So that the status says it from the start, and not only when a certificate is due.
void note_refusals(const Engine::Parts& parts, const ReadCredentials& credentials) {
  if (!credentials || !*credentials) return;
  if (!lifecycle::were_refused(parts.store, (*credentials)->fingerprint())) return;
  parts.calls.note_identity(publication::Identity::refused);
}

// New credentials make a failure of the old ones worth another try, as a new configuration does.
Engine::Parts with_identity(Engine::Parts parts, const CloudAccess& access) {
  const auto add = [&parts](const ReadCredentials& credentials) {
    if (credentials && *credentials) parts.launch_id += " " + (*credentials)->fingerprint();
  };
  note_refusals(parts, access.credentials);
  add(access.credentials);
  for (const auto& [spec, credentials] : access.further) add(credentials);
  return parts;
}

struct HttpClients {
  std::unique_ptr<cloud::HttpClient> cloud;
  // Talks to hosts that certificates name, and trusts only signed answers.
  std::unique_ptr<cloud::HttpClient> responders;
};

// The threads of one kind of source: as many as may work at once, and one that works only on
// renewals that an operator wants.
struct SourceThreads {
  const config::SourceKind* kind;
  ThreadPool pool;

  SourceThreads(const config::SourceKind& its_kind, const config::GlobalConfig& global,
                int wake_descriptor)
      : kind(&its_kind), pool(global.concurrent_renewals + 1, wake_descriptor) {}

  lifecycle::Lifecycle::Choice wanted() const { return {.kind = kind, .is_only_wanted = true}; }
  // The kinds of work that idle threads can take now.
  lifecycle::Lifecycle::Choice possible() const {
    return {.kind = kind, .is_only_wanted = pool.idle() == 1};
  }
};

std::vector<std::unique_ptr<SourceThreads>> make_source_threads(const config::GlobalConfig& global,
                                                                int wake_descriptor) {
  std::vector<std::unique_ptr<SourceThreads>> all;
  for (const config::SourceKind* kind : config::source_kinds()) {
    all.push_back(std::make_unique<SourceThreads>(*kind, global, wake_descriptor));
  }
  return all;
}

class RunningEngine final : public Engine {
 public:
  RunningEngine(Parts parts, CloudAccess access, HttpClients http);

  void hand_out(Time now) override;
  void notice(const std::vector<std::string>& names) override;
  void clock_was_set(Seconds by) override;
  void room_is_back() override;
  bool leads() const override { return parts_.lease->is_held(); }
  bool is_idle() const override;
  Seconds longest_work(SteadyTime now) const override;
  Time next_wake() const override;

 private:
  void remove_superseded();
  void watch_canaries();
  void look_at_changes();
  void keep_catalogues(Time now);
  void hand_out(SourceThreads& threads, Time now);
  Time next_wake(const SourceThreads& threads) const;

  Parts parts_;
  cloud::Endpoints endpoints_;
  HttpClients http_;
  std::unique_ptr<cloud::CredentialsProvider> provider_;
  std::unique_ptr<cloud::LockoutGuard> guard_;
  cloud::Session session_;
  FurtherSessions further_;
  sources::Sources sources_;
  lifecycle::Responder responder_;
  lifecycle::Lifecycle lifecycle_;
  lifecycle::RequestHandler requests_;
  lifecycle::Stapling stapling_;
  lifecycle::CatalogueKeeper keeper_;
  SteadyTime asked_since_;
  StoreFollower follower_;
  Turns turns_;  // for certificates that only other servers name; nobody watches their files here
  store::Revision kept_;  // the revision up to which the snapshot knows all changes
  StoreMender mender_;
  SnapshotKeeper snapshot_;
  SteadyTime next_look_at_canaries_{};
  TicketKeeper tickets_;
  // One pool for each kind, so that a source or responder that hangs does not hold up another one.
  std::vector<std::unique_ptr<SourceThreads>> source_threads_;
  ThreadPool responder_pool_;
  ThreadPool catalogue_pool_;
  ThreadPool request_pool_;  // for requests of ccmctl, and for hooks that somebody waits for
};

RunningEngine::RunningEngine(Parts parts, CloudAccess access, HttpClients http)
    : parts_(with_identity(std::move(parts), access)),
      endpoints_(endpoints_of(parts_.config.global(), access.credentials)),
      http_(std::move(http)),
      provider_(make_provider(std::move(access.credentials), *http_.cloud, parts_.clock,
                              parts_.config.global().metadata_endpoint)),
      guard_(make_noting_guard(
          lifecycle::make_store_lockout_guard(parts_.store, *parts_.lease, parts_.clock),
          parts_.calls)),
      session_({*http_.cloud, *provider_, *guard_, parts_.clock, endpoints_.iam}),
      further_({parts_.config.global(), parts_.store, *parts_.lease, parts_.clock, *http_.cloud,
                endpoints_.iam},
               access),
      sources_({session_, endpoints_, parts_.store, parts_.clock, parts_.log, parts_.events,
                [this](const config::CredentialsSpec& spec) { return further_.of(spec); }}),
      responder_(*http_.responders, parts_.clock),
      lifecycle_({parts_.config, parts_.store,
                  [this](const config::SourceSpec& source) -> sources::Source& {
                    return sources_.of(source);
                  },
                  parts_.clock, parts_.log, parts_.launch_id, &responder_, parts_.events,
                  [counts = std::make_shared<store::CanaryCounts>(parts_.state_path)](
                      const std::string& name, const store::Canary& canary) {
                    return counts->of(name, canary);
                  },
                  [this](const std::string& name) { return snapshot_.last_copy_of(name); }}),
      requests_({parts_.state_path, parts_.store, *parts_.lease, lifecycle_, parts_.log,
                 parts_.config, parts_.clock, parts_.events,
                 [this](std::function<void()> work) {
                   if (request_pool_.idle() == 0) return false;
                   request_pool_.give(std::move(work));
                   return true;
                 },
                 [this] { return request_pool_.idle() != 0; }, parts_.run_hooks}),
      stapling_({parts_.config, parts_.store, *http_.responders, parts_.clock, parts_.log,
                 [this](const std::string& name) { lifecycle_.hasten(name); }, parts_.events}),
      keeper_({parts_.config, parts_.store,
               [this](const config::SourceKind& kind) -> sources::Collection& {
                 return sources_.collection_of(kind);
               },
               parts_.clock, parts_.log, parts_.events,
               [this](const std::string& entry) {
                 return parts_.asked != nullptr && parts_.asked->was_asked_for(entry);
               },
               [this](const std::string& name) { return snapshot_.last_copy_of(name); }}),
      asked_since_(parts_.clock.steady_now()),
      follower_(parts_.config, parts_.store),
      mender_({parts_.config, parts_.store, *parts_.lease, lifecycle_, parts_.clock, parts_.log,
               parts_.events,
               [this](const std::string& name) { return snapshot_.last_copy_of(name); }}),
      snapshot_({parts_.config, parts_.store, parts_.state_path, parts_.clock, parts_.log,
                 [this](const std::string& name, store::VersionNumber known) {
                   mender_.look_at(name, known);
                 }},
                parts_.wake_descriptor),
      tickets_(parts_.config.global().ticket_keys, parts_.store, *parts_.lease, parts_.log),
      source_threads_(make_source_threads(parts_.config.global(), parts_.wake_descriptor)),
      responder_pool_(parts_.config.global().concurrent_renewals, parts_.wake_descriptor),
      catalogue_pool_(1, parts_.wake_descriptor),
      request_pool_(kRequestThreads, parts_.wake_descriptor) {
  lifecycle_.start(*parts_.lease);
  lifecycle::adopt_stored(
      {parts_.store, *parts_.lease, parts_.log, parts_.clock.now(), parts_.events,
       [this](const std::string& name) { return snapshot_.last_copy_of(name); }},
      lifecycle_.unsettled());
  remove_superseded();
  sources_.take_leave(parts_.config, parts_.store, *parts_.lease, parts_.log);
  requests_.resume();
  // Changes that come while the snapshot is read are noted afterwards.
  kept_ = parts_.store.changes_since({}).revision;
  snapshot_.bring_up_to_date(kept_);
}

// Removes versions beyond the configured number. The settings may now keep fewer, and an agent that
// was killed right after an installation has removed none. If something is wrong with the installed
// version, nothing is removed, because an older version may be the one that serves.
void RunningEngine::remove_superseded() {
  const auto list = lifecycle_.unsettled();
  const std::set<const config::CertificateSpec*> unsettled(list.begin(), list.end());
  for (const config::CertificateSpec& spec : parts_.config.certificates()) {
    if (unsettled.contains(&spec)) continue;
    static_cast<void>(parts_.store.prune(*parts_.lease, spec.name, spec.keep));
  }
}

void RunningEngine::notice(const std::vector<std::string>& names) {
  for (const std::string& name : names) stapling_.notice(name);
}

void RunningEngine::clock_was_set(Seconds by) {
  lifecycle_.clock_was_set(by);
  stapling_.look_again_at_all();
}

void RunningEngine::room_is_back() {
  for (const config::CertificateSpec* spec : lifecycle_.unsettled()) {
    lifecycle_.look_soon(spec->name);
  }
}

void RunningEngine::watch_canaries() {
  const SteadyTime now = parts_.clock.steady_now();
  if (now < next_look_at_canaries_) return;
  next_look_at_canaries_ = now + kBetweenCanaries;
  lifecycle_.watch_canaries();
}

// Passes the store's changes on to the snapshot. Changes made behind the store's back can wait,
// because the next start looks at everything.
void RunningEngine::look_at_changes() {
  for (const config::CertificateSpec* spec : follower_.next()) stapling_.notice(spec->name);
  const std::vector<config::CertificateSpec>& all = parts_.config.certificates();
  for (const std::size_t turn : turns_.due(parts_.clock.steady_now(), kLeisurely, all.size())) {
    stapling_.notice(all[turn].name);
  }
  store::Changes changes = parts_.store.changes_since(std::exchange(kept_, {}));
  kept_ = changes.revision;
  snapshot_.note(std::move(changes));
}

void RunningEngine::hand_out(Time now) {
  requests_.serve();
  watch_canaries();
  tickets_.look(now);
  for (const auto& threads : source_threads_) hand_out(*threads, now);
  look_at_changes();
  if (keeper_.has_work()) keep_catalogues(now);
  for (const std::string& name : stapling_.take_due(now, responder_pool_.idle())) {
    responder_pool_.give([this, name] { stapling_.attempt(name, *parts_.lease); });
  }
}

void RunningEngine::keep_catalogues(Time now) {
  if (parts_.asked != nullptr) {
    keeper_.ask(parts_.asked->take());
    const SteadyTime since = parts_.clock.steady_now();
    if (since - asked_since_ >= kAskedPeriod) {
      parts_.asked->turn();
      asked_since_ = since;
    }
  }
  if (!catalogue_pool_.is_idle() || keeper_.next_wake() > now) return;
  catalogue_pool_.give([this] { keeper_.work(*parts_.lease); });
}

void RunningEngine::hand_out(SourceThreads& threads, Time now) {
  const auto give = [&](const std::string& name) {
    threads.pool.give([this, name] {
      // The agent ends at once when the lead is lost.
      if (parts_.lease->is_held()) lifecycle_.attempt(name, *parts_.lease);
    });
  };
  const auto wanted = lifecycle_.take_due(now, threads.pool.idle(), threads.wanted());
  std::for_each(wanted.begin(), wanted.end(), give);
  const std::size_t idle = threads.pool.idle();
  if (idle <= 1) return;
  const auto due = lifecycle_.take_due(now, idle - 1, threads.possible());
  std::for_each(due.begin(), due.end(), give);
}

bool RunningEngine::is_idle() const {
  return responder_pool_.is_idle() && catalogue_pool_.is_idle() && request_pool_.is_idle() &&
         std::all_of(source_threads_.begin(), source_threads_.end(),
                     [](const auto& threads) { return threads->pool.is_idle(); });
}

Seconds RunningEngine::longest_work(SteadyTime now) const {
  Seconds longest = std::max(responder_pool_.longest_work(now), catalogue_pool_.longest_work(now));
  for (const auto& threads : source_threads_) {
    longest = std::max(longest, threads->pool.longest_work(now));
  }
  return longest;
}

// With every thread busy, only the end of an attempt can lead to new work, whatever is due.
Time RunningEngine::next_wake() const {
  Time wake = tickets_.next_wake();
  if (responder_pool_.idle() > 0) wake = std::min(wake, stapling_.next_wake());
  for (const auto& threads : source_threads_) wake = std::min(wake, next_wake(*threads));
  if (keeper_.has_work() && catalogue_pool_.is_idle()) wake = std::min(wake, keeper_.next_wake());
  return wake;
}

Time RunningEngine::next_wake(const SourceThreads& threads) const {
  return threads.pool.idle() > 0 ? lifecycle_.next_wake(threads.possible()) : Time::max();
}

}  // namespace

// The threads: those of each kind of source, one of them for renewals that operators want; those
// that ask responders; those that serve requests; those of catalogues and of the snapshot; the two
// of the stream of events. In a fleet also those that try to take the lead, follow the other hosts,
// keep the lease alive, and report this host.
unsigned most_threads(const config::GlobalConfig& global) noexcept {
  const auto kinds = static_cast<unsigned>(config::source_kinds().size());
  return (kinds + 1) * global.concurrent_renewals + kinds + kRequestThreads + 4 +
         (global.fleet ? kFleetThreads : 0);
}

std::unique_ptr<Engine> Engine::start(Parts parts, CloudAccess access) {
  const config::GlobalConfig& global = parts.config.global();
  const cloud::Reach reach = reach_of_responders(endpoints_of(global, access.credentials));
  HttpClients clients{
      make_counting_client(make_cloud_client(access, global.proxy), parts.clock, parts.calls),
      make_counting_client(make_responder_client(access, global.proxy, reach), parts.clock,
                           parts.calls)};
  return std::make_unique<RunningEngine>(std::move(parts), std::move(access), std::move(clients));
}

}  // namespace ccm::agent
