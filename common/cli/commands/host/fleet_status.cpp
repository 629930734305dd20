// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/host/fleet_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fleet_overview.h"
#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/output/table.h"
#include "store/host/effective_settings.h"
#include "store/host/fleet_note.h"

namespace ccm::cli {
namespace {

using cloud::JsonObject;

constexpr std::size_t kMostNamesShown = 3;
constexpr std::size_t kIdShown = 16;
constexpr std::size_t kBehindCells = 16;  // where space is scarce

JsonObject counts_of(const CanarySide& side) {
  JsonObject object;
  object.set_number("shown", static_cast<std::int64_t>(side.shown()))
      .set_number("failed", static_cast<std::int64_t>(side.failed()));
  return object;
}

std::vector<JsonObject> canaries_of(const fleet::SurveyedHost& host) {
  std::vector<JsonObject> canaries;
  for (const auto& [name, counted] : host.canaries) {
    canaries.emplace_back();
    canaries.back()
        .set("name", name)
        .set_number("version", static_cast<std::int64_t>(counted.canary.version))
        .set("since", format_time(counted.canary.since))
        .set_object("current", counts_of(counted.total.current))
        .set_object("candidate", counts_of(counted.total.candidate));
  }
  return canaries;
}

JsonObject json_of(const fleet::SurveyedHost& host, const std::string& own_id, Time now) {
  JsonObject object;
  object.set("name", host.member.name)
      .set("id", host.member.id)
      .set_flag("leads", host.leads)
      .set_flag("is_this_host", host.member.id == own_id)
      .set_flag("has_newest_key", host.has_newest_key)
      .set_objects("canaries", canaries_of(host));
  if (!host.report) return object;
  std::vector<JsonObject> behind(host.behind.size());
  for (std::size_t i = 0; i < behind.size(); ++i) {
    const fleet::KnownCertificate& certificate = host.behind[i];
    behind[i]
        .set("name", certificate.name)
        .set_number("version", static_cast<std::int64_t>(certificate.current));
    const auto failed = host.report->failed.find(certificate.name);
    if (failed != host.report->failed.end()) behind[i].set("problem", failed->second);
  }
  object.set("agent", host.report->agent)
      .set("last_seen", format_time(now - host.age.age))
      .set_objects("behind", std::move(behind));
  if (host.age.clock_ahead) {
    object.set_number("clock_difference", host.age.clock_ahead->count());
  }
  return object;
}

std::string names_of(const std::vector<fleet::KnownCertificate>& certificates) {
  std::vector<std::string> names;
  for (const fleet::KnownCertificate& each : certificates) {
    if (names.size() == kMostNamesShown) break;
    names.push_back(each.current == 0 ? fmt::format("{} (removed)", each.name)
                                      : fmt::format("{} (version {})", each.name, each.current));
  }
  const std::size_t more = certificates.size() - names.size();
  return join(names, ", ") + (more == 0 ? std::string() : fmt::format(" and {} more", more));
}

std::string difference_of(const fleet::ReportAge& age) {
  if (!is_wrong_clock(age.clock_ahead)) return "";
  const Seconds by = *age.clock_ahead;
  return fmt::format("{} {}", format_duration(std::chrono::abs(by)),
                     by > Seconds(0) ? "ahead" : "behind");
}

void add_row(Table& table, const fleet::SurveyedHost& host) {
  const std::string id = host.member.id.substr(0, kIdShown);
  std::vector<std::string> notes;
  if (host.leads) notes.emplace_back("leads");
  if (!host.has_newest_key) notes.emplace_back("lacks the newest key");
  const std::string note = join(notes, ", ");
  if (!host.report) return table.add({{host.member.name}, {id}, {"-"}, {}, {}, {}, {note}});
  const std::string difference = difference_of(host.age);
  table.add({{host.member.name},
             {id},
             {format_duration(host.age.age) + " ago"},
             {host.report->agent},
             {names_of(host.behind), Colour::yellow},
             {difference, Colour::yellow},
             {note}});
}

// Counts only what the hosts have reported; hosts without traffic report nothing.
void say_what_is_tried_out(const fleet::FleetSurvey& survey) {
  struct Sum {
    std::size_t hosts = 0;
    CanaryTally tally;
  };
  std::map<std::pair<std::string, store::VersionNumber>, Sum> sums;
  for (const fleet::SurveyedHost& host : survey.hosts) {
    for (const auto& [name, counted] : host.canaries) {
      Sum& sum = sums[{name, counted.canary.version}];
      ++sum.hosts;
      sum.tally.add(counted.total);
    }
  }
  for (const auto& [what, sum] : sums) {
    Terminal::say(fmt::format(
        "{}: version {} is tried out; {} of {} handshakes with it failed, and {} of {} with the "
        "current version, on {} host{}",
        what.first, what.second, sum.tally.candidate.failed(), sum.tally.candidate.shown(),
        sum.tally.current.failed(), sum.tally.current.shown(), sum.hosts,
        sum.hosts == 1 ? "" : "s"));
  }
}

void say_what_is_wrong(const fleet::FleetSurvey& survey) {
  std::vector<std::string> silent;
  std::vector<std::string> without_key;
  for (const fleet::SurveyedHost& host : survey.hosts) {
    if (!host.has_newest_key) without_key.push_back(host.member.name);
    if (!host.report) silent.push_back(host.member.name);
    if (!host.report || host.report->failed.empty()) continue;
    const auto& [name, problem] = *host.report->failed.begin();
    Terminal::say(fmt::format("{} could not take in \"{}\": {}", host.member.name, name, problem));
  }
  if (!silent.empty()) {
    Terminal::say(
        fmt::format("nothing was heard for {} or longer of {}: the agent does not run "
                    "there, does not reach etcd, or is of an older release",
                    format_duration(store::kServerGrace), join(silent, ", ")));
  }
  if (!without_key.empty()) {
    Terminal::say(
        fmt::format("without the fleet's newest key: {}; a change of it was cut short, or they "
                    "have left and somebody has put back their entries: remove those that have "
                    "left with `ccmctl fleet leave`, then `ccmctl fleet rotate --yes`",
                    join(without_key, ", ")));
  }
  if (!survey.has_leader) {
    Terminal::say("no host leads: no agent with credentials reaches etcd");
  }
}

}  // namespace

Result<ExitCode> show_fleet_status(Workspace& workspace, const FleetOptions& options) {
  auto link = Membership::open(workspace, options);
  if (!link) return pass(std::move(link));
  const auto survey = link->survey(workspace.clock());
  if (!survey) return fail(survey.error());
  const auto note = store::read_fleet_note(workspace.options.state_directory);
  if (workspace.options.json) {
    std::vector<JsonObject> hosts;
    for (const fleet::SurveyedHost& host : survey->hosts) {
      hosts.push_back(json_of(host, link->id(), workspace.clock().now()));
    }
    JsonObject object;
    object.set("fleet", link->fleet()).set_objects("hosts", std::move(hosts));
    if (note) object.set_flag("is_connected", note->is_connected).set("problem", note->problem);
    return print_object(std::move(object));
  }
  Table table({"HOST", "ID", "SEEN", "AGENT", "BEHIND ON", "CLOCK", ""});
  table.may_go("ID").may_shrink("BEHIND ON", kBehindCells);
  for (const fleet::SurveyedHost& host : survey->hosts) add_row(table, host);
  Terminal::print(table.text(workspace.terminal));
  say_what_is_tried_out(*survey);
  say_what_is_wrong(*survey);
  if (note && !note->is_connected) {
    Terminal::say(fmt::format("the agent of this host has not followed the fleet since {}: {}",
                              format_time(note->since), note->problem));
  }
  return ExitCode::ok;
}

}  // namespace ccm::cli
