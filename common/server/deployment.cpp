// SPDX-License-Identifier: Apache-2.0
#include "server/deployment.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/boundary.h"
#include "base/clock.h"
#include "base/version.h"
#include "launch/launch.h"
#include "launch/process.h"

namespace ccm::server {
namespace {

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
                         .canary_board = retained.canary_board,
                         .worker_beats = retained.worker_beats});
}

// Once in the life of a master.
void name_instance(Retained& retained) {
  if (retained.instance.front() != '\0') return;
  const std::string digits = config::make_instance();
  std::copy_n(digits.begin(), retained.instance.size(), retained.instance.begin());
}

}  // namespace

void replace_kept(int& kept, int descriptor) noexcept {
  const FileDescriptor previous(std::exchange(kept, descriptor));
}

// A module that is loaded again starts its counter again, so the time keeps the ids apart.
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
                    .origin = std::move(origin)});
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

void Deployment::note_tickets(OwnTickets what, std::string directive, config::Origin origin) {
  ticket_notes_.push_back({what, std::move(directive), std::move(origin)});
}

StatusSources Deployment::sources() const noexcept {
  return {.config = config(),
          .reader = reader_ ? &*reader_ : nullptr,
          .rows = rows_,
          .beats = beats_ ? &*beats_ : nullptr,
          .server = kind_};
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
    replace_kept(retained.segment, -1);
    replace_kept(retained.canary_board, -1);
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

// Does not call stop(), because the agent belongs to the master.
void Deployment::enter_worker(Retained& retained) noexcept {
  lifeline_.reset();
  monitor_ = -1;
  replace_kept(retained.segment, -1);
  replace_kept(retained.canary_board, -1);
  replace_kept(retained.worker_beats, -1);
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
