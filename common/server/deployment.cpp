// SPDX-License-Identifier: Apache-2.0
#include "server/deployment.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "base/boundary.h"
#include "base/clock.h"
#include "base/version.h"
#include "config/checks/host_checks.h"
#include "config/sentences.h"
#include "launch/launch.h"
#include "launch/process.h"
#include "server/bootstrap.h"
#include "server/canary_mark.h"
#include "server/site_doubts.h"
#include "store/kinds.h"

namespace ccm::server {
namespace {

bool report(const std::vector<config::HostFinding>& findings, Log& log) {
  bool is_good = true;
  for (const config::HostFinding& finding : findings) {
    log.write(finding.fatal ? Severity::emerg : Severity::warn, finding.sentence);
    is_good = is_good && !finding.fatal;
  }
  return is_good;
}

Result<launch::Launched> launch_agent(const config::Config& config,
                                      const config::Settings& settings,
                                      const Surroundings& surroundings, const Retained& retained) {
  auto program = launch::find_agent(config.global().agent_path, surroundings.module_path);
  if (!program) return pass(std::move(program));
  config::Handover handover{surroundings.facts, settings};
  handover.server.module_path = surroundings.module_path;
  handover.server.module_version = version();
  handover.server.logs_json = settings.log_format() == config::LogFormat::json;
  handover.server.instance.assign(retained.instance.begin(), retained.instance.end());
  return launch::launch({.program = *std::move(program),
                         .segment = retained.segment,
                         .handover = handover,
                         .log_descriptor = surroundings.log_descriptor,
                         .canary_board = retained.canary_board});
}

void replace(int& kept, int descriptor) noexcept {
  const FileDescriptor previous(std::exchange(kept, descriptor));
}

// The one of the configuration before, so that its counts go on, when it is for the same
// certificates. nullopt: there are none.
Result<std::optional<publication::CanaryBoard>> open_board(Retained& retained,
                                                           const std::vector<std::string>& names,
                                                           const std::string& state_path) {
  using publication::CanaryBoard;
  if (names.empty()) {
    replace(retained.canary_board, -1);
    return std::optional<CanaryBoard>();
  }
  if (retained.canary_board >= 0) {
    auto board = CanaryBoard::open(retained.canary_board, CanaryBoard::Access::count);
    if (board && board->has_names(names)) return std::optional(*std::move(board));
  }
  auto made = CanaryBoard::create(names, state_path);
  if (!made) return pass(std::move(made));
  replace(retained.canary_board, made->release());
  auto board = CanaryBoard::open(retained.canary_board, CanaryBoard::Access::count);
  if (!board) return pass(std::move(board));
  return std::optional(*std::move(board));
}

// Once in the life of a master.
void name_instance(Retained& retained) {
  if (retained.instance.front() != '\0') return;
  const std::string digits = config::make_instance();
  std::copy_n(digits.begin(), retained.instance.size(), retained.instance.begin());
}

}  // namespace

// A module that is loaded anew begins to count anew, so the time tells loads apart.
std::string make_launch_id() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return fmt::format("{}-{}", getpid(), std::chrono::nanoseconds(now).count());
}

std::string library_of(const void* symbol) {
  Dl_info info{};
  const bool is_found = ::dladdr(symbol, &info) != 0 && info.dli_fname != nullptr;
  return is_found ? info.dli_fname : "";
}

Deployment::Deployment(config::Settings settings, Log& log)
    : settings_(std::move(settings)),
      log_(log),
      tickets_({live_, catalogues_}, clock_, log),
      proofs_(log),
      watch_(log) {}

Deployment::~Deployment() = default;

Result<void> Deployment::add_once(std::string name, std::vector<std::string>& names) const {
  if (std::find(names.begin(), names.end(), name) != names.end()) {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" gives one server the certificate \"{}\" twice; name "
                            "certificates with different kinds of key",
                            settings_.dialect().use, name));
  }
  names.push_back(std::move(name));
  return {};
}

CertificateSet& Deployment::add_site(const std::vector<std::string>& names, config::Origin origin) {
  std::vector<LiveCertificate*> certificates;
  for (const std::string& name : names) {
    certificates.push_back(&live_.try_emplace(name, name, live_.size(), log_).first->second);
  }
  sites_.push_back({.set = std::make_unique<CertificateSet>(std::move(certificates), log_),
                    .origin = std::move(origin),
                    .reach = {}});
  sites_.back().set->count_in(rows_);
  return *sites_.back().set;
}

CertificateSet& Deployment::add_site(const std::vector<std::string>& names, config::Origin origin,
                                     const std::string& catalogue, bool has_files) {
  CertificateSet& site = add_site(names, std::move(origin));
  if (catalogue.empty()) return site;
  LiveCatalogue& live = catalogues_.try_emplace(catalogue, catalogue, log_).first->second;
  live.count_in(rows_);
  site.look_into(
      live, has_files ? CertificateSet::Default::files : CertificateSet::Default::certificates);
  return site;
}

void Deployment::doubt(Severity severity, std::string sentence) {
  doubts_.emplace_back(severity, std::move(sentence));
}

void Deployment::set_reach(const CertificateSet& site, Reach reach) {
  const auto found = std::find_if(sites_.begin(), sites_.end(),
                                  [&site](const Site& each) { return each.set.get() == &site; });
  if (found != sites_.end()) found->reach = reach;
}

void Deployment::note_tickets(OwnTickets what, std::string directive, config::Origin origin) {
  ticket_notes_.push_back({what, std::move(directive), std::move(origin)});
}

// The other directives may stand before ours, so they are judged when all were read.
bool Deployment::judge_tickets() {
  if (config_->global().ticket_keys == config::TicketKeys::own) return true;
  const std::string ours = fmt::format("{} fleet", settings_.dialect().spell("ticket_keys"));
  std::set<std::string> mentioned;
  for (const TicketNote& note : ticket_notes_) {
    if (note.what == OwnTickets::keys) {
      log_.write(Severity::emerg,
                 config::at(fmt::format("\"{}\" and \"{}\" exclude each other, because both say "
                                        "with which keys session tickets are sealed; remove one of "
                                        "them",
                                        note.directive, ours),
                            note.origin));
      return false;
    }
    if (!mentioned.insert(note.directive).second) continue;
    log_.write(Severity::warn,
               config::at(fmt::format("\"{}\" has no effect here, because \"{}\" forbids session "
                                      "tickets",
                                      ours, note.directive),
                          note.origin));
  }
  return true;
}

// What the agent says of its work; the agent that is missing is said here.
bool Deployment::ask_agent(const std::string& module_path) {
  if (!config_->has_work()) return true;
  auto program = launch::find_agent(config_->global().agent_path, module_path);
  if (!program) {
    log_.warn("no certificate would be obtained or renewed: {}", program.error().message());
    return true;
  }
  const config::Handover handover{.server = {}, .settings = settings_, .agent = {}};
  auto findings = launch::inquire(*program, handover);
  if (findings) return report(*findings, log_);
  log_.warn("what the agent needs on this host was not checked: {}", findings.error().message());
  return true;
}

bool Deployment::judge(Host host, const std::string& module_path) {
  if (host != Host::ignored) {
    for (const auto& [severity, sentence] : std::exchange(doubts_, {})) {
      log_.write(severity, sentence);
    }
  }
  auto config = settings_.finalize();
  if (!config) {
    log_.write(Severity::emerg, config.error().message());
    return false;
  }
  config_.emplace(*std::move(config));
  if (!config_->global().status_listen.empty()) {
    log_.write(Severity::emerg,
               fmt::format("\"{}\" is for the file of `ccmctl agent`; this server shows the status "
                           "where {} stands",
                           settings_.dialect().spell("status_listen"),
                           settings_.dialect().status_directive));
    return false;
  }
  if (host == Host::ignored) return true;
  for (const std::string& sentence : settings_.warnings()) {
    log_.write(Severity::warn, sentence);
  }
  for (const Site& site : sites_) {
    for (const std::string& sentence :
         doubts_about({*site.set, site.reach, site.origin}, *config_, settings_.dialect())) {
      log_.warn("{}", sentence);
    }
  }
  if (!judge_tickets() || !report(config::check_host(*config_), log_)) return false;
  return host == Host::examined || ask_agent(module_path);
}

Result<void> Deployment::publish(Retained& retained) {
  const std::string& place = config_->global().state_path;
  const auto store = store::open_to_read(place);
  auto writer =
      bootstrap({.config = *config_,  // 1
                 .store = *store,
                 .segment = retained.segment,
                 .now = SystemClock().now(),
                 .distrust = store::kind_of(place).distrust(place, config_->global().user)},
                log_);
  if (!writer) return pass(std::move(writer));
  // What a large snapshot took is given back, so that no worker inherits it.
  if (!config_->catalogues().empty()) malloc_trim(0);
  auto segment = writer->open_read_only();  // 2
  if (!segment) return pass(std::move(segment));
  auto reader = publication::Reader::open(*segment);
  if (!reader) return pass(std::move(reader));
  const int copy = fcntl(writer->descriptor(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail(system_error("keeping the publication segment", errno));
  replace(retained.segment, copy);
  reader_.emplace(*std::move(reader));
  for (auto& [name, certificate] : live_) {
    certificate.attach(*reader_);
    certificate.count_in(rows_);
  }
  prepare_canaries(retained);
  for (auto& [name, catalogue] : catalogues_) catalogue.attach(*reader_);
  tell_what_is_asked(*writer);
  proofs_.attach(*reader_);
  if (config_->global().ticket_keys == config::TicketKeys::fleet) share_tickets();
  prepare_to_count(retained);
  // The writer ends here: no worker may inherit its mapping, and the agent is to be the next one.
  return {};
}

// Without it a new version is shown to nobody before it is shown to all.
void Deployment::prepare_canaries(Retained& retained) {
  std::vector<std::string> names;
  for (const config::CertificateSpec& spec : config_->certificates()) {
    if (spec.canary.is_set()) names.push_back(spec.name);
  }
  auto board = open_board(retained, names, config_->global().state_path);
  if (!board) {
    log_.warn("new versions are not tried out: {}", board.error().message());
    return;
  }
  board_ = *std::move(board);
  if (!board_) return;
  CanaryMark::prepare();
  std::size_t place = live_.size();
  for (auto& [name, certificate] : live_) {
    auto* lanes = board_->lanes(name);
    if (lanes == nullptr) continue;
    certificate.try_out(place++, config_->find(name)->canary.percent, *lanes);
  }
}

// Without it nobody looks for a name that no list of the account shows.
void Deployment::tell_what_is_asked(const publication::Writer& writer) {
  const auto& specs = config_->catalogues();
  const bool is_wanted = std::any_of(specs.begin(), specs.end(),
                                     [](const auto& each) { return each.kind != nullptr; });
  if (!is_wanted) return;
  auto asked = writer.map_asked();
  if (!asked) return log_.warn("{}", asked.error().message());
  asked_ = *std::move(asked);
  for (const config::CatalogueSpec& spec : specs) {
    const auto found = catalogues_.find(spec.name);
    if (spec.kind != nullptr && found != catalogues_.end()) found->second.tell(asked_);
  }
}

// Without it each server has tickets of its own.
void Deployment::share_tickets() {
  if (auto started = tickets_.start(*reader_); !started) {
    log_.warn("session tickets are not shared: {}", started.error().message());
    return;
  }
  for (const Site& site : sites_) {
    for (SSL_CTX* context : site.set->contexts()) tickets_.install(context, *site.set);
  }
}

// Without it the server serves all the same, and its status says nothing of handshakes.
void Deployment::prepare_to_count(Retained& retained) {
  struct stat segment = {};
  static_cast<void>(fstat(retained.segment, &segment));
  if (auto made = rows_.attach(retained.counted, segment.st_ino, reader_->slot_count()); !made) {
    log_.warn("handshakes are not counted: {}", made.error().message());
  }
}

StatusSources Deployment::sources() const noexcept {
  return {
      .config = config(), .reader = reader_ ? &*reader_ : nullptr, .rows = rows_, .server = kind_};
}

StatusAnswer Deployment::answer(const StatusRequest& request) const {
  const SystemClock clock;
  return answer_status(request, sources(), clock.now(), clock.steady_now());
}

StatusReport Deployment::status() const {
  const SystemClock clock;
  return gather(sources(), clock.now(), clock.steady_now());
}

void Deployment::start(const Surroundings& surroundings, Retained& retained) {
  kind_ = surroundings.facts.kind;
  if (!config_->has_work()) {
    replace(retained.segment, -1);
    replace(retained.canary_board, -1);
    return;
  }
  if (auto published = publish(retained); !published) {
    log_.write(Severity::alert,
               fmt::format("no certificate can be shown: {}", published.error().message()));
    return;
  }
  name_instance(retained);
  restart_agent(surroundings, retained);  // 3
}

void Deployment::restart_agent(const Surroundings& surroundings, const Retained& retained) {
  stop();
  auto launched = launch_agent(*config_, settings_, surroundings, retained);
  if (!launched) {
    log_.error("the agent was not started, so no certificate is renewed: {}",
               launched.error().message());
    return;
  }
  lifeline_ = std::move(launched->lifeline);
  watch_ = PublicationWatch(log_);
  monitor_ = launched->pid;
}

void Deployment::stop() noexcept {
  if (lifeline_) launch::end_agent({monitor_, std::move(lifeline_)});
  monitor_ = -1;
}

bool Deployment::is_attended() const noexcept {
  return launch::is_attended(lifeline_);
}

bool Deployment::look_for_signs_of_life(SteadyTime now) {
  return reader_ && watch_.look(reader_->last_beat(), now);
}

// Not stop(): the agent is the master's.
void Deployment::enter_worker(Retained& retained) noexcept {
  lifeline_.reset();
  monitor_ = -1;
  replace(retained.segment, -1);
  replace(retained.canary_board, -1);
}

void Deployment::protect_worker() noexcept {
  at_boundary(
      0, [](const char*) {},
      [this] {
        if (settings_.allows_worker_dumps()) return 0;
        if (Result<void> done = launch::forbid_dumps("a worker"); !done) {
          log_.error("{}; what worker_dumps (CCMWorkerDumps) forbids is possible",
                     done.error().message());
        }
        return 0;
      });
}

}  // namespace ccm::server
