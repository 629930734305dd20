// SPDX-License-Identifier: Apache-2.0
#include "server/status/status_report.h"

#include <unistd.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "publication/layout.h"

namespace ccm::server {
namespace {

using publication::CertificateStatus;

struct Judgement {
  Condition condition;
  Health level;
};

bool is_nearly_over(const CertificateStatus& told, Time now) {
  return told.not_after - now < (told.not_after - told.not_before) / 10;
}

Judgement judge_missing(const CertificateStatus& told) {
  if (told.is_damaged) return {Condition::damaged, Health::bad};
  if (told.error_kind == "pending") return {Condition::waiting, Health::warning};
  return {told.error.empty() ? Condition::missing : Condition::failing, Health::bad};
}

// Decides as cli/host/overview.cpp does.
Judgement judge(const CertificateReport& report, Time now) {
  const CertificateStatus& told = report.told;
  if (!report.is_told) return {Condition::unknown, Health::warning};
  const bool has_certificate = told.version != 0 && told.not_after != Time{};
  if (!has_certificate) return judge_missing(told);
  if (told.not_after <= now) return {Condition::expired, Health::bad};
  const Health trouble = is_nearly_over(told, now) ? Health::bad : Health::warning;
  if (told.is_damaged) return {Condition::damaged, trouble};
  if (!report.is_served()) return {Condition::not_served, Health::bad};
  if (told.error_kind == "pending") return {Condition::waiting, trouble};
  if (told.state == CertificateStatus::State::rejected) return {Condition::refused, trouble};
  if (told.state == CertificateStatus::State::failing) return {Condition::failing, trouble};
  if (told.held != 0 && told.held == told.version) return {Condition::held, Health::warning};
  return {Condition::valid, is_nearly_over(told, now) ? Health::warning : Health::good};
}

void look_at_workers(StatusReport& report, const WorkerRows& rows) {
  report.sums = rows.sums();
  for (const WorkerRows::Worker& worker : rows.workers()) {
    report.workers.push_back({.pid = worker.pid, .counts = worker.counts});
    for (CertificateReport& certificate : report.certificates) {
      if (!certificate.slot) continue;
      const std::uint64_t shown =
          worker.generations[*certificate.slot].load(std::memory_order_relaxed);
      if (shown == 0) continue;
      const bool is_newest = shown >= certificate.generation;
      ++(is_newest ? certificate.showing : certificate.behind);
      if (!is_newest) ++report.workers.back().behind;
    }
  }
}

// The worker that answers is not among the others; its answer is its sign of life.
void look_at_signs(StatusReport& report, const publication::WorkerBeats& beats, SteadyTime steady) {
  const std::vector<WorkerSign> others = beats.workers(steady);
  report.silent_workers = silent_among(others);
  for (WorkerReport& worker : report.workers) {
    const auto sign = std::find_if(others.begin(), others.end(),
                                   [&](const WorkerSign& each) { return each.pid == worker.pid; });
    if (sign != others.end()) worker.silence = sign->silence;
    if (worker.pid == getpid()) worker.silence = Seconds(0);
  }
}

void look_at_certificates(StatusReport& report, const StatusSources& sources) {
  for (const config::CertificateSpec& spec : sources.config->certificates()) {
    const auto slot = sources.reader->find(spec.name);
    CertificateReport certificate;
    certificate.spec = &spec;
    certificate.slot = slot;
    certificate.has_server = sources.server != config::ServerKind::none;
    if (slot) {
      certificate.generation = sources.reader->generation(*slot);
      const std::string note = sources.reader->note(publication::kFirstCertificateNote + *slot);
      if (auto told = publication::decode_certificate(note)) {
        certificate.told = *std::move(told);
        certificate.is_told = true;
      }
    }
    report.certificates.push_back(std::move(certificate));
  }
}

void look_at_catalogues(StatusReport& report, const StatusSources& sources) {
  for (const config::CatalogueSpec& spec : sources.config->catalogues()) {
    const auto* catalogue = sources.reader->catalogue(spec.name);
    if (catalogue == nullptr) continue;
    report.catalogues.push_back({.name = spec.name,
                                 .certificates = catalogue->size(),
                                 .names = catalogue->name_count(),
                                 .is_of_account = spec.kind != nullptr});
  }
}

void look_at_fleet(StatusReport& report, const publication::Reader& reader) {
  if (!report.agent || report.agent->fleet.name.empty()) return;
  publication::FleetNotes notes;
  for (std::uint32_t i = 0; i < publication::kFleetNotes; ++i) {
    notes[i] = reader.note(publication::kFirstFleetNote + i);
  }
  report.fleet_hosts = publication::decode_fleet(notes);
}

void look_at_agent(StatusReport& report, const publication::Reader& reader, SteadyTime steady) {
  report.agent = publication::decode_agent(reader.note(publication::kAgentNote));
  if (const auto beat = reader.last_beat()) {
    report.silence = std::max(std::chrono::duration_cast<Seconds>(steady - *beat), Seconds(0));
    report.agent_lives = *report.silence <= kLongestSilence;
  }
  for (std::uint32_t i = 0; i < publication::kCallNotes; ++i) {
    auto call = publication::decode_call(reader.note(publication::kFirstCallNote + i));
    if (!call) break;
    report.calls.push_back(*std::move(call));
  }
}

}  // namespace

std::string_view to_string(Health level) noexcept {
  switch (level) {
    case Health::good:
      return "good";
    case Health::warning:
      return "warning";
    case Health::bad:
      return "bad";
  }
  return "";
}

bool CertificateReport::is_served() const noexcept {
  if (!has_server) return true;
  return generation != 0 && told.shown_serial == told.serial && !told.is_placeholder;
}

bool StatusReport::has_lost_fleet() const noexcept {
  return agent && !agent->fleet.name.empty() && !agent->fleet.is_connected;
}

bool StatusReport::has_no_leader() const noexcept {
  return agent && agent->fleet.is_connected && agent->fleet.leader.empty();
}

const FleetOverview* StatusReport::fleet_overview() const noexcept {
  if (!fleet_hosts || fleet_hosts->overview.at == Time{}) return nullptr;
  return &fleet_hosts->overview;
}

std::size_t StatusReport::count(Health level) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(certificates.begin(), certificates.end(),
                    [level](const CertificateReport& each) { return each.level == level; }));
}

Health StatusReport::level() const noexcept {
  if (certificates.empty() && catalogues.empty()) return Health::good;
  const bool is_refused = agent && agent->identity >= publication::Identity::refused;
  if (!agent_lives || is_refused || count(Health::bad) > 0) return Health::bad;
  const bool is_unreadable = agent && agent->identity == publication::Identity::unreadable;
  const bool lacks_catalogue =
      std::any_of(catalogues.begin(), catalogues.end(),
                  [](const CatalogueReport& each) { return each.lacks_all(); });
  const bool has_flaws = fleet_hosts && fleet_hosts->flaw_count > 0;
  const bool is_dubious = is_unreadable || (agent && agent->flaws.any()) || has_lost_fleet() ||
                          has_no_leader() || has_flaws || lacks_catalogue ||
                          silent_workers.count > 0 || count(Health::warning) > 0;
  return is_dubious ? Health::warning : Health::good;
}

StatusReport gather(const StatusSources& sources, Time now, SteadyTime steady) {
  StatusReport report;
  report.now = now;
  report.server = sources.server;
  for (const Condition condition : kConditions) report.conditions[condition] = 0;
  if (sources.config == nullptr || sources.reader == nullptr) return report;
  report.region = sources.config->global().region;
  look_at_agent(report, *sources.reader, steady);
  look_at_fleet(report, *sources.reader);
  look_at_certificates(report, sources);
  look_at_catalogues(report, sources);
  look_at_workers(report, sources.rows);
  if (sources.beats != nullptr) look_at_signs(report, *sources.beats, steady);
  for (CertificateReport& certificate : report.certificates) {
    const auto [condition, level] = judge(certificate, now);
    certificate.condition = condition;
    certificate.level = level;
    ++report.conditions[condition];
  }
  const auto rank = [](const CertificateReport& each) {
    return std::tuple(-static_cast<int>(each.level), each.condition, each.told.not_after);
  };
  std::stable_sort(report.certificates.begin(), report.certificates.end(),
                   [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return report;
}

}  // namespace ccm::server
