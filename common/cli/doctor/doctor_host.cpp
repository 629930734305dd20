// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <map>
#include <utility>

#include "base/file.h"
#include "base/sentences.h"
#include "base/text.h"
#include "cli/doctor/doctor.h"
#include "cli/host/agents.h"
#include "cli/host/overview.h"
#include "cli/host/state_directory.h"
#include "config/checks/host_checks.h"

namespace ccm::cli {
namespace {

constexpr std::size_t kNamedCertificates = 5;

void examine_unreadable(Workspace& workspace, Findings& findings) {
  const std::string& state_path = workspace.options.state_directory;
  for (const auto& [server, problem] : workspace.unreadable_settings()) {
    findings.bad(
        fmt::format("settings of {}", store::name_of(server.kind)),
        fmt::format("{}: {}", store::effective_settings_path(state_path, server),
                    problem.message()),
        fmt::format("let the agent of this release write them anew: {}", reload_of(server.kind)));
  }
}

std::string remedy_of_settings(const store::EffectiveSettings& settings) {
  struct stat facts {};
  const auto* file = std::get_if<config::CredentialsFile>(&settings.config.global().credentials);
  if (file != nullptr && stat(file->path.c_str(), &facts) == 0 && (facts.st_mode & 077U) != 0) {
    return fmt::format("chmod 600 {}", shell_word(file->path));
  }
  return fmt::format("correct that, then: {}", reload_of(settings.server.kind));
}

void examine_one(const store::EffectiveSettings& settings, Findings& findings) {
  const std::string subject = fmt::format("settings of {}", store::name_of(settings.server.kind));
  const auto found = config::check_host(settings.config);
  for (const auto& [is_fatal, sentence] : found) {
    findings.add({is_fatal ? Verdict::bad : Verdict::doubtful, subject, sentence,
                  remedy_of_settings(settings)});
  }
  if (found.empty()) {
    const std::size_t count = settings.config.certificates().size();
    std::string catalogues;
    for (const config::CatalogueSpec& each : settings.config.catalogues()) {
      catalogues += fmt::format(", and a catalogue of {}",
                                each.kind == nullptr ? "all that is stored" : each.selection());
    }
    findings.good(subject,
                  fmt::format("{} certificate{}{}", count, count == 1 ? "" : "s", catalogues));
  }
}

// What to do about a certificate in this state.
std::string remedy_of_certificate(const Overview& overview, Condition condition) {
  const std::string name = shell_word(overview.name);
  if (overview.spec == nullptr) return fmt::format("import another one: ccmctl import {}", name);
  switch (condition) {
    case Condition::held:
      return fmt::format("let go of it: ccmctl renew {}", name);
    case Condition::damaged:
      return fmt::format("have it replaced: ccmctl renew {}", name);
    case Condition::not_served:
      return "see what is said of the server's agent";
    case Condition::waiting:
      return fmt::format("what it waits for: ccmctl show {}", name);
    case Condition::missing:
      return fmt::format("ask for it now: ccmctl renew {}", name);
    default:
      return fmt::format("fix the cause, then: ccmctl renew {}", name);
  }
}

Finding judge(const Overview& overview, Time now) {
  const Health health = health_of(overview, now);
  const Error* error = overview.error();
  const bool is_well = error == nullptr && health.condition != Condition::held;
  const Verdict verdict = health.colour == Colour::red ? Verdict::bad
                          : is_well                    ? Verdict::good
                                                       : Verdict::doubtful;
  const std::string what =
      overview.is_served() ? next_step(overview, now)
                           : fmt::format("version {} is stored, served by {}",
                                         overview.installed->info.number, served_text(overview));
  return {
      verdict, fmt::format("certificate {}", overview.name),
      error == nullptr ? fmt::format("{}, {}", health.word(), what)
                       : fmt::format("{}: {}", health.word(), error->message()),
      verdict == Verdict::good ? std::string() : remedy_of_certificate(overview, health.condition)};
}

void examine_records(const store::StoreReader& store, const std::string& name, Findings& findings) {
  for (const store::StoreReader::Damage& damage : store.damaged_records(name)) {
    findings.doubtful("store", fmt::format("{}: {}", damage.place, damage.error.message()),
                      fmt::format("what it remembered is lost; the agent starts that part anew: "
                                  "rm {}",
                                  shell_word(damage.place)));
  }
}

// They are neither renewed nor served, so nothing about them is bad. But their keys are still
// stored.
void report_left(const std::vector<std::string>& names, Findings& findings) {
  if (names.empty()) return;
  const bool is_one = names.size() == 1;
  findings.doubtful(
      "certificates",
      fmt::format("{} in no server's configuration any more, and {} still here: {}",
                  is_one ? "1 is" : fmt::format("{} are", names.size()),
                  is_one ? "its private keys are" : "their private keys are",
                  enumerated(names, kNamedCertificates)),
      fmt::format("when {} not needed: ccmctl forget {}", is_one ? "it is" : "they are",
                  is_one ? shell_word(names.front()) : "NAME"));
}

// Lists the first few of each kind; the good ones and all others are only counted.
class Summary {
 public:
  void add(Finding finding) {
    const bool is_shown =
        finding.verdict != Verdict::good && ++troubled_[finding.verdict] <= kNamedCertificates;
    if (finding.verdict == Verdict::good) ++well_;
    if (is_shown) shown_.push_back(std::move(finding));
  }
  void report(Findings& findings) && {
    for (Finding& finding : shown_) findings.add(std::move(finding));
    for (const auto& [verdict, count] : troubled_) {
      if (count <= kNamedCertificates) continue;
      findings.add({verdict, "certificates",
                    fmt::format("{} more have such troubles", count - kNamedCertificates),
                    "see all: ccmctl status"});
    }
    if (well_ > 0) {
      findings.good("certificates", fmt::format("{} of {} as they should be", well_, total()));
    }
  }

 private:
  std::size_t total() const {
    std::size_t sum = well_;
    for (const auto& [verdict, count] : troubled_) sum += count;
    return sum;
  }

  std::vector<Finding> shown_;
  std::map<Verdict, std::size_t> troubled_;
  std::size_t well_ = 0;
};

}  // namespace

void examine_settings(Workspace& workspace, Findings& findings) {
  const auto settings = workspace.settings();
  if (!settings) {
    findings.bad("settings", settings.error().message(), "run ccmctl doctor as root");
    return;
  }
  const std::size_t before = findings.all().size();
  examine_unreadable(workspace, findings);
  if ((*settings)->empty() && findings.all().size() == before) {
    findings.doubtful("settings", "no web server of this host has left any",
                      "start nginx or Apache with a ccm configuration, or say with --state-dir "
                      "where its state_path is");
  }
  for (const auto& each : **settings) examine_one(each, findings);
}

void examine_certificates(Workspace& workspace, Findings& findings) {
  const Time now = workspace.clock().now();
  // The problem with the directory has a finding already.
  if (find_wrong_directory(workspace.options)) return;
  const auto all = look_at_all(workspace, Depth::files);
  if (!all) {
    // There is a finding already when this user may not read the settings.
    if (workspace.settings()) {
      findings.bad("certificates", all.error().message(), "run ccmctl doctor as root");
    }
    return;
  }
  Summary summary;
  std::vector<std::string> left;
  for (const Overview& overview : *all) {
    if (overview.is_left && !overview.is_forgotten) left.push_back(overview.name);
    if (overview.spec != nullptr || overview.is_catalogued) summary.add(judge(overview, now));
    examine_records(workspace.store(), overview.name, findings);
  }
  examine_records(workspace.store(), std::string(store::kStoreWide), findings);
  std::move(summary).report(findings);
  report_left(left, findings);
}

}  // namespace ccm::cli
