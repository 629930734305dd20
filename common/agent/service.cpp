// SPDX-License-Identifier: Apache-2.0
#include "agent/service.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <utility>

#include "agent/candidate.h"
#include "agent/cloud/accesses.h"
#include "agent/engine.h"
#include "agent/event_stream.h"
#include "agent/neighbours.h"
#include "agent/process/confinement.h"
#include "agent/process/log_line.h"
#include "agent/process/privileges.h"
#include "agent/process/sign_of_life.h"
#include "agent/publishing/publisher.h"
#include "agent/publishing/status_board.h"
#include "agent/settings_keeper.h"
#include "agent/state_place.h"
#include "agent/watches.h"
#include "base/boundary.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "base/version.h"
#include "launch/process.h"
#include "lifecycle/clock_watch.h"
#include "store/host/canary_file.h"
#include "store/host/effective_settings.h"
#include "store/host/fleet_note.h"
#include "store/host/snapshot_file.h"

namespace ccm::agent {
namespace {

using std::chrono::milliseconds;

// The store is the current directory (privileges.h).
constexpr const char* kStore = ".";
constexpr Seconds kTryToLead{1};
// Whether the fleet's lease is still held.
constexpr Seconds kLookAtLease{1};
constexpr Seconds kTryToKeepSettings{1};
// Where the system allows no notifications at all.
constexpr Seconds kLookAtStore{1};
// The shortest time between two looks, however often the agent wakes.
constexpr Seconds kLookAtNeighbours{1};
// A server that was replaced leaves files behind when it ends.
constexpr Seconds kTidy{300};
// Every call has a time limit, and no attempt makes so many.
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

class Service {
 public:
  struct Parts {
    const config::Config& config;
    std::unique_ptr<store::Store> store;
    std::optional<publication::AskedNames> asked;  // of the publisher's server
    std::optional<Publisher> publisher;            // of that store; nullopt: there is no server
    // For `ccmctl agent` that shows its status, which gets no certificate.
    std::optional<publication::Writer> notes;
    std::optional<CloudAccess> access;  // until the engine has it
    bool may_lead;                      // accesses.h
    Watches watches;
    config::ServerFacts server;
    SignOfLife& life;
    SettingsKeeper settings;
    CallLedger& calls;
    const Clock& clock;
    Log& log;
    EventStream& events;
  };
  explicit Service(Parts parts)
      : parts_(std::move(parts)),
        neighbours_(kStore, store::id_of(parts_.server), parts_.config, parts_.clock, parts_.log),
        clock_watch_(parts_.clock) {
    if (is_in_fleet() && parts_.may_lead) {
      candidate_ = std::make_unique<Candidate>(*parts_.store, wake_descriptor());
    }
    if (parts_.publisher || parts_.notes) make_board();
  }

  int run();

 private:
  bool wants_to_lead() const { return engine_ == nullptr && parts_.may_lead; }
  bool is_in_fleet() const { return parts_.config.global().fleet.has_value(); }
  int wake_descriptor() const { return parts_.watches.attempt_end(); }
  void make_board();
  void try_to_lead();
  void try_to_lead_the_fleet();
  void hear_who_leads(Result<std::unique_ptr<store::Lease>> outcome);
  void take_lead(std::unique_ptr<store::Lease> lease);
  void tidy();
  void notice_the_clock();
  void look_at_place();
  void end_when_something_hangs();
  void end_when_lead_is_lost() const;
  void look_at_neighbours();
  milliseconds time_to_sleep() const;

  Parts parts_;
  Neighbours neighbours_;
  std::optional<config::Config> joined_;  // what the engine looks after
  lifecycle::ClockWatch clock_watch_;
  SteadyTime next_tidying_;
  SteadyTime next_look_at_neighbours_;
  bool is_away_ = false;      // the state directory, and that was said
  bool owes_a_look_ = false;  // at the neighbours, when that time has come
  pid_t monitor_ = getppid();
  std::unique_ptr<Candidate> candidate_;  // in a fleet
  SteadyTime next_candidacy_;
  std::unique_ptr<Engine> engine_;
  std::optional<StatusBoard> board_;
  bool has_said_who_leads_ = false;
};

void Service::make_board() {
  const ReadCredentials& credentials = parts_.access->credentials;
  board_.emplace(
      StatusBoard::Parts{.config = parts_.config,
                         .store = *parts_.store,
                         .writer = parts_.publisher ? parts_.publisher->writer() : *parts_.notes,
                         .ledger = parts_.calls,
                         .clock = parts_.clock,
                         .log = parts_.log,
                         .account = credentials && *credentials ? (*credentials)->domain_id : "",
                         .has_access = !parts_.access->trouble(),
                         .hooks = [&events = parts_.events] { return events.hook_counts(); },
                         .canary_counter =
                             [](const std::string& name, const store::Canary& canary) {
                               return store::canary_tally(kStore, name, canary);
                             },
                         .fleet = [] { return store::read_fleet_note(kStore); }});
}

int Service::run() {
  for (;;) {
    look_at_place();
    end_when_something_hangs();
    end_when_lead_is_lost();
    const SteadyTime sign = parts_.life.give();
    if (parts_.notes) parts_.notes->beat(sign);
    notice_the_clock();
    if (parts_.publisher) parts_.publisher->refresh(parts_.clock.now());
    parts_.settings.look();
    tidy();
    look_at_neighbours();
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

// Not by returning: the engine's threads are never joined (engine.cpp).
void Service::look_at_place() {
  const std::string& path = parts_.config.global().state_path;
  switch (look_at_state_place(path)) {
    case StatePlace::same:
      is_away_ = false;
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
      parts_.log.error(
          "the state directory is not at {} any more; the agent goes on where it was moved to, "
          "until it or another store is back in its place",
          path);
  }
}

// The monitor, or its guard, starts another agent.
void Service::end_when_something_hangs() {
  if (getppid() != monitor_) {
    parts_.log.error("the agent's monitor has died; the agent ends, and another one takes over");
    _exit(1);
  }
  if (engine_ == nullptr || engine_->longest_work(parts_.clock.steady_now()) < kLongestWork) return;
  parts_.log.error("an attempt has not ended for {}; the agent starts anew",
                   format_duration(kLongestWork));
  _exit(1);
}

void Service::notice_the_clock() {
  const Seconds by = clock_watch_.look();
  if (by == Seconds::zero()) return;
  parts_.log.notice(
      "the system's clock was set {} by {}, or the system slept; every wait is "
      "worked out again",
      by > Seconds::zero() ? "forward" : "back", format_duration(std::chrono::abs(by)));
  if (parts_.publisher) parts_.publisher->clock_was_set();
  if (engine_ != nullptr) engine_->clock_was_set(by);
}

// What it has under way may have been begun by another host by now. The fence keeps its results
// out; ending keeps it from asking for more.
void Service::end_when_lead_is_lost() const {
  if (engine_ == nullptr || engine_->leads()) return;
  parts_.log.warn(
      "this host does not lead the fleet any more, because it has not reached etcd in time or "
      "another host has a copy of its key file; the agent starts anew and follows");
  _exit(launch::kStartAnew);
}

void Service::tidy() {
  const SteadyTime now = parts_.clock.steady_now();
  if (now < next_tidying_) return;
  store::forget_predecessors(kStore, parts_.server, now);
  next_tidying_ = now + kTidy;
}

// The leader knows the certificates of the other servers from its start on.
void Service::look_at_neighbours() {
  const SteadyTime now = parts_.clock.steady_now();
  if (engine_ == nullptr || !engine_->is_idle()) return;
  owes_a_look_ = now < next_look_at_neighbours_;
  if (owes_a_look_) return;
  next_look_at_neighbours_ = now + kLookAtNeighbours;
  if (!neighbours_.have_changed()) return;
  parts_.log.notice(
      "the certificates of another server on this host have changed; the agent starts anew to look "
      "after them");
  _exit(launch::kStartAnew);
}

milliseconds Service::time_to_sleep() const {
  if (parts_.publisher && parts_.publisher->has_more()) return milliseconds(0);
  Seconds longest = wants_to_lead() ? kTryToLead : SignOfLife::kBeat;
  if (!parts_.watches.store) longest = std::min(longest, kLookAtStore);
  if (parts_.publisher && parts_.publisher->counts()) {
    longest = std::min(longest, CanaryPublisher::kBetweenCounts);
  }
  if (board_ && !board_->is_at_rest()) longest = std::min(longest, StatusBoard::kBetweenLooks);
  if (!parts_.settings.is_at_rest()) longest = std::min(longest, kTryToKeepSettings);
  if (owes_a_look_) longest = std::min(longest, kLookAtNeighbours);
  if (engine_ != nullptr && is_in_fleet()) longest = std::min(longest, kLookAtLease);
  if (engine_ != nullptr) {
    const Time wake = engine_->next_wake();
    const Time now = parts_.clock.now();
    // The clocks' seconds are whole: a wake in this second has come.
    longest = wake <= now ? Seconds(0) : std::min(longest, wake - now);
  }
  return longest;
}

// The store of this host answers at once. etcd may take its time, so that is asked on a thread.
void Service::try_to_lead() {
  if (candidate_ != nullptr) return try_to_lead_the_fleet();
  hear_who_leads(parts_.store->try_lead());
}

void Service::try_to_lead_the_fleet() {
  if (auto outcome = candidate_->take_outcome()) return hear_who_leads(*std::move(outcome));
  const SteadyTime now = parts_.clock.steady_now();
  if (!candidate_->is_idle() || now < next_candidacy_) return;
  next_candidacy_ = now + kTryToLead;
  candidate_->stand();
}

void Service::hear_who_leads(Result<std::unique_ptr<store::Lease>> outcome) {
  if (outcome && *outcome != nullptr) return take_lead(*std::move(outcome));
  // When etcd does not answer, the thread that follows the fleet logs it.
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

void Service::take_lead(std::unique_ptr<store::Lease> lease) {
  joined_ = neighbours_.joined().on_host(host_identity());
  Engine::Parts parts{.config = *joined_,
                      .state_path = kStore,
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

// What must be done as root, then never root again.
Result<Accesses> settle(const config::Config& config, SettingsKeeper& settings, Log& log) {
  Accesses accesses = read_accesses(config, log);
  Result<std::optional<Account>> account = choose_account(config.global().user);
  if (!account) return pass(std::move(account));
  Result<void> settled = enter_state_directory(config.global().state_path, *account);
  if (settled && *account) {
    settings.write_as_root();
    drop_capability_sets();
    settled = become(**account);
  }
  if (!settled) return pass(std::move(settled));
  return accesses;
}

// Causes: a unit with ProtectSystem, or a disk that the kernel has made read-only after an error.
void warn_if_read_only(const std::string& path, Log& log) {
  if (faccessat(AT_FDCWD, kStore, W_OK, AT_EACCESS) == 0 || errno != EROFS) return;
  log.error(
      "the state directory {0} is read-only for this service: what it holds is served, and nothing "
      "is renewed; add ReadWritePaths={0} to the service's unit, or mount it for writing",
      path);
}

// For ccmctl, which compares what runs with what is installed.
config::Handover with_agent(config::Handover handover) {
  handover.agent = {.path = program_path(),
                    .version = std::string(version()),
                    .pid = static_cast<std::uint32_t>(getpid())};
  return handover;
}

std::vector<std::string> published_names(config::ServerKind server, const config::Config& config) {
  std::vector<std::string> names;
  if (server == config::ServerKind::none) return names;
  for (const config::CertificateSpec& spec : config.certificates()) names.push_back(spec.name);
  return names;
}

Result<std::optional<publication::Writer>> make_notes(config::ServerKind server,
                                                      const config::Config& config) {
  if (server != config::ServerKind::none || config.global().status_listen.empty()) {
    return std::optional<publication::Writer>();
  }
  Result<publication::Writer> writer = publication::Writer::attach(
      FileDescriptor(launch::kSegmentDescriptor), publication::IfBusy::wait);
  if (!writer) return pass(std::move(writer));
  return std::optional<publication::Writer>(*std::move(writer));
}

Result<std::optional<Publisher>> make_publisher(const config::ServerFacts& facts,
                                                const config::Config& config,
                                                const store::StoreReader& store, SignOfLife& life,
                                                Log& log, Events& events) {
  if (facts.kind == config::ServerKind::none) return std::optional<Publisher>();
  Result<publication::Writer> writer = publication::Writer::attach(
      FileDescriptor(launch::kSegmentDescriptor), publication::IfBusy::wait);
  if (!writer) return pass(std::move(writer));
  CanaryPlace canaries{.state_path = kStore, .server = store::id_of(facts)};
  if (auto board = publication::CanaryBoard::open(launch::kCanaryDescriptor,
                                                  publication::CanaryBoard::Access::read)) {
    canaries.board = *std::move(board);
  }
  std::optional<Publisher> publisher(std::in_place, config, store, *std::move(writer), life, log,
                                     events, std::move(canaries));
  if (Result<Secret> kept = store::read_snapshot(kStore)) {
    publisher->believe(publication::Snapshot::parse(*std::move(kept)));
  }
  return publisher;
}

// Without it nobody looks for a name that no list of an account shows.
std::optional<publication::AskedNames> asked_in(std::optional<Publisher>& publisher, Log& log) {
  if (!publisher) return std::nullopt;
  Result<publication::AskedNames> asked = publisher->writer().map_asked();
  if (asked) return *std::move(asked);
  log.warn("{}", asked.error().message());
  return std::nullopt;
}

Result<int> serve(const config::Handover& handover, const Pulse& pulse, Log& log) {
  const Result<config::Config> config = handover.settings.finalize();
  if (!config) return fail(config.error());
  SettingsKeeper settings(kStore, with_agent(handover), log);
  Result<Accesses> access = settle(*config, settings, log);
  if (!access) return pass(std::move(access));
  warn_if_read_only(config->global().state_path, log);
  const SystemClock clock;
  SignOfLife life({.state_path = kStore,
                   .server = handover.server,
                   .publishes = published_names(handover.server.kind, *config),
                   .pulse = pulse,
                   .clock = clock,
                   .log = log});
  life.give();
  Result<std::unique_ptr<store::Store>> store = open_agent_store(*config, kStore, *access, log);
  if (!store) return pass(std::move(store));
  EventStream events({.store = **store,
                      .config = *config,
                      .server = to_string(store::id_of(handover.server)),
                      .clock = clock,
                      .log = log,
                      .to_monitor = STDOUT_FILENO,
                      .from_monitor = STDIN_FILENO});
  Result<std::optional<Publisher>> publisher =
      make_publisher(handover.server, *config, **store, life, log, events);
  if (!publisher) return pass(std::move(publisher));
  Result<std::optional<publication::Writer>> notes = make_notes(handover.server.kind, *config);
  if (!notes) return pass(std::move(notes));
  settings.look();
  Result<Watches> watches = open_watches(**store, log);
  if (!watches) return pass(std::move(watches));
  CallLedger calls;
  // Must be last: after it no child process can be started to try calls that a filter may refuse.
  confine(config->certificates().size(), most_threads(config->global()), log);
  events.start();
  (*store)->start();
  events.tell({.type = EventType::agent_started,
               .sentence = fmt::format("the agent {} has started", version()),
               .fields = {{"pid", fmt::format("{}", getpid())}}});
  Service service({*config, *std::move(store), asked_in(*publisher, log), *std::move(publisher),
                   *std::move(notes), std::move(access->cloud), access->may_lead,
                   *std::move(watches), handover.server, life, std::move(settings), calls, clock,
                   log, events});
  return service.run();
}

}  // namespace

int run_service(const config::Handover& handover, const Pulse& pulse) noexcept {
  PipeLog log(STDERR_FILENO, handover.server.log_level);
  const auto report = [&](const char* what) { log.error("the agent cannot go on: {}", what); };
  return at_boundary(1, report, [&] {
    // Only the agent, which talks to the network. The monitor's hooks keep what programs of the
    // operator's may need, such as a sendmail that is set-gid.
    if (const Result<void> done = launch::give_up_new_privileges(); !done) {
      log.warn("{}; the agent goes on without it", done.error().message());
    }
    const Result<int> status = serve(handover, pulse, log);
    if (status) return *status;
    report(status.error().message().c_str());
    return status.error().is_retryable() ? 1 : launch::kNeedsOperator;
  });
}

}  // namespace ccm::agent
