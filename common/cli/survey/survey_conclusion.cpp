// SPDX-License-Identifier: Apache-2.0
#include "cli/survey/survey_conclusion.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "base/text.h"

namespace ccm::cli {
namespace {

using crypto::ProbeOutcome;

// The answers to one name for one certificate at one server.
using Group = std::vector<ServerAnswer*>;

void weigh(const Group& group, const Overview& overview, const std::set<std::string>& current) {
  const auto is_of_another = [&](const ServerAnswer* answer) {
    const ServedVerdict& verdict = answer->look.verdict;
    if (answer->outcome == ProbeOutcome::refused) return true;
    if (answer->outcome != ProbeOutcome::shown) return false;
    const bool is_ours =
        overview.installed && overview.installed->info.fingerprint == verdict.fingerprint;
    return !verdict.is_for_name || (!is_ours && current.contains(verdict.fingerprint));
  };
  if (std::all_of(group.begin(), group.end(), is_of_another)) return;
  for (ServerAnswer* answer : group) answer->look.counts = !is_of_another(answer);
}

CertificateReport begin_report(const Overview& overview, const LimitOptions& limits) {
  CertificateReport report{.name = overview.name};
  if (!overview.installed) return report;
  const store::VersionInfo& info = overview.installed->info;
  report.version = info.number;
  report.serial = info.serial;
  report.limits = limits_for(limits, info.not_after - info.not_before);
  return report;
}

void say_unseen(CertificateReport& report, bool is_said) {
  report.level = Level::unknown;
  report.is_said = is_said;
  report.sentence = is_said ? "it could not be seen what is served"
                            : "no web server of this host serves it; name the address of the "
                              "program that does with --connect HOST:PORT";
}

// At least one look counts.
void say_worst(CertificateReport& report, const Overview& overview) {
  const Look* worst = nullptr;
  for (const Look& look : report.looks) {
    if (!look.counts) continue;
    const bool is_first = worst == nullptr;
    if (is_first || worse(worst->verdict.level, look.verdict.level) != worst->verdict.level) {
      worst = &look;
    }
    const auto left = look.verdict.left;
    if (left) report.left = std::min(report.left.value_or(*left), *left);
  }
  report.level = worst->verdict.level;
  report.sentence = sentence_of(*worst);
  if (overview.damage && report.level == Level::ok) {
    report.level = Level::warning;
    report.sentence = printable(overview.damage->message());
  }
}

}  // namespace

void choose_what_counts(std::vector<ServerAnswer>& answers,
                        const std::vector<Overview>& overviews) {
  std::set<std::string> current;
  for (const Overview& overview : overviews) {
    if (overview.installed) current.insert(overview.installed->info.fingerprint);
  }
  std::map<std::tuple<std::size_t, std::size_t, std::string>, Group> groups;
  for (ServerAnswer& answer : answers) {
    groups[{answer.certificate, answer.target, answer.look.server_name}].push_back(&answer);
  }
  for (const auto& [place, group] : groups) weigh(group, overviews[std::get<0>(place)], current);
}

std::vector<CertificateReport> report_answers(
    std::vector<ServerAnswer> answers, const std::vector<Overview>& overviews,
    const LimitOptions& limits, const std::function<bool(const Overview&)>& is_unseen) {
  std::vector<CertificateReport> reports;
  reports.reserve(overviews.size());
  for (const Overview& overview : overviews) reports.push_back(begin_report(overview, limits));
  for (ServerAnswer& answer : answers) {
    reports[answer.certificate].looks.push_back(std::move(answer.look));
  }
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (reports[i].looks.empty()) {
      say_unseen(reports[i], is_unseen(overviews[i]));
    } else {
      say_worst(reports[i], overviews[i]);
    }
  }
  return reports;
}

}  // namespace ccm::cli
