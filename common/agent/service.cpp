// SPDX-License-Identifier: Apache-2.0
#include "agent/service.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "agent/cloud/accesses.h"
#include "agent/process/confinement.h"
#include "agent/process/log_line.h"
#include "agent/process/privileges.h"
#include "agent/service_loop.h"
#include "base/boundary.h"
#include "base/file.h"
#include "base/version.h"
#include "crypto/certificate/recent_certificates.h"
#include "crypto/certificate/recent_checks.h"
#include "launch/process.h"
#include "store/host/canary_file.h"
#include "store/host/snapshot_file.h"

namespace ccm::agent {
namespace {

// Certificates kept in memory: the authorities of many leaves, and the leaves that are being
// renewed.
constexpr std::size_t kRecentCertificates = 64;
// Checks kept in memory, of the leaves that are being renewed at once and of their authorities.
constexpr std::size_t kRecentChecks = 32;

// Does what must be done as root, then gives up root for good.
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

// For ccmctl, which compares the running program with the installed one.
config::Handover with_agent(config::Handover handover) {
  handover.agent = {.path = program_path(),
                    .version = std::string(version()),
                    .pid = static_cast<std::uint32_t>(getpid())};
  return handover;
}

std::vector<std::string> names_in(const config::Config& config) {
  std::vector<std::string> names;
  for (const config::CertificateSpec& spec : config.certificates()) names.push_back(spec.name);
  return names;
}

std::vector<std::string> published_names(config::ServerKind server, const config::Config& config) {
  return server == config::ServerKind::none ? std::vector<std::string>() : names_in(config);
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
  CanaryPlace canaries{.state_path = kStorePath, .server = store::id_of(facts)};
  if (auto board = publication::CanaryBoard::open(launch::kCanaryDescriptor,
                                                  publication::CanaryBoard::Access::read)) {
    canaries.board = *std::move(board);
  }
  std::optional<Publisher> publisher(std::in_place, config, store, kStorePath, *std::move(writer),
                                     life, log, events, std::move(canaries));
  if (config.certificates().empty()) return publisher;
  if (Result<Secret> kept = store::read_snapshot(kStorePath)) {
    publisher->believe(publication::Snapshot::parse(*std::move(kept)));
  }
  return publisher;
}

// Without this memory only the workers themselves notice that one of them has stopped.
std::optional<publication::WorkerBeats> find_beats() {
  Result<publication::WorkerBeats> beats = publication::WorkerBeats::open(launch::kBeatsDescriptor);
  if (!beats) return std::nullopt;
  return *std::move(beats);
}

// Without this memory nobody looks for a name that no list of the account shows.
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
  SettingsKeeper settings(kStorePath, with_agent(handover), log);
  Result<Accesses> access = settle(*config, settings, log);
  if (!access) return pass(std::move(access));
  const SystemClock clock;
  SignOfLife life({.state_path = kStorePath,
                   .server = handover.server,
                   .publishes = published_names(handover.server.kind, *config),
                   .pulse = pulse,
                   .clock = clock,
                   .log = log});
  life.give();
  crypto::keep_recent_certificates(kRecentCertificates);
  crypto::keep_recent_checks(kRecentChecks);
  Result<std::unique_ptr<store::Store>> store = open_agent_store(*config, kStorePath, *access, log);
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
  settings.look(clock.steady_now());
  Result<Watches> watches = open_watches(**store, names_in(*config), log);
  if (!watches) return pass(std::move(watches));
  CallLedger calls;
  // Must be the last step: afterwards no child process can be started to find out which calls a
  // filter refuses.
  confine(config->certificates().size(), most_threads(config->global()), log);
  events.start();
  (*store)->start();
  events.tell({.type = EventType::agent_started,
               .sentence = fmt::format("the agent {} has started", version()),
               .fields = {{"pid", fmt::format("{}", getpid())}}});
  ServiceLoop loop({*config, *std::move(store), asked_in(*publisher, log), *std::move(publisher),
                    find_beats(), *std::move(notes), std::move(access->cloud), access->may_lead,
                    access->roster, *std::move(watches), handover.server, life, std::move(settings),
                    calls, clock, log, events});
  return loop.run();
}

}  // namespace

int run_service(const config::Handover& handover, const Pulse& pulse) noexcept {
  PipeLog log(STDERR_FILENO, handover.server.log_level);
  const auto report = [&](const char* what) { log.error("the agent cannot go on: {}", what); };
  return at_boundary(1, report, [&] {
    // Only in the agent, which uses the network. In the monitor, hooks keep what the operator's
    // programs may need, such as a set-gid sendmail.
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
