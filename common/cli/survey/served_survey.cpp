// SPDX-License-Identifier: Apache-2.0
#include "cli/survey/served_survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/text.h"
#include "cli/host/agents.h"
#include "cli/host/catalogue_report.h"
#include "cli/host/overview.h"
#include "cli/host/state_directory.h"
#include "cli/survey/handshake_round.h"
#include "cli/survey/listeners.h"
#include "cli/survey/survey_conclusion.h"
#include "cli/survey/survey_target.h"
#include "crypto/verification/client_verdict.h"
#include "store/host/fleet_note.h"

namespace ccm::cli {
namespace {

using crypto::NetworkAddress;
using crypto::ProbeOutcome;

// One survey, step by step.
class Surveyor {
 public:
  Surveyor(Workspace& workspace, const SurveyOptions& options,
           const std::vector<EffectiveSettings>& servers, crypto::HandshakeProbe probe)
      : workspace_(workspace),
        store_(workspace.store()),
        options_(options),
        servers_(servers),
        probe_(std::move(probe)) {}

  Result<void> choose_certificates();
  Result<void> choose_targets();
  void ask();
  Survey conclude();

 private:
  bool names_any(const EffectiveSettings& server) const;
  bool is_shown_by(const EffectiveSettings& server, const Overview& overview) const;
  void say_of(const EffectiveSettings& server, Level level, std::string sentence);
  // What is wrong with its agent, if anything.
  void say_of_agent(const EffectiveSettings& server);
  void add_server(const EffectiveSettings& server);
  // Those that speak TLS; says so when there is none.
  std::vector<NetworkAddress> with_tls(const EffectiveSettings& server,
                                       const std::vector<NetworkAddress>& addresses);
  void plan(const Target& target, std::size_t number);
  // Several certificates of a catalogue may be for one name, and only one of them is shown. The
  // name of the one that is, when it is another; any of the threads that ask.
  std::optional<std::string> other_of_catalogue(const Overview& overview,
                                                const crypto::Probe& probe);
  void judge_one(std::size_t number, const crypto::Probe& probe);

  Workspace& workspace_;
  const store::StoreReader& store_;
  const SurveyOptions& options_;
  const std::vector<EffectiveSettings>& servers_;
  crypto::HandshakeProbe probe_;

  std::vector<Overview> overviews_;
  std::vector<Target> targets_;
  std::set<const EffectiveSettings*> unseen_;  // of which a sentence says what is wrong
  std::vector<Question> questions_;
  std::vector<ServerAnswer> answers_;  // as many
  std::once_flag catalogued_are_read_;
  std::map<std::string, std::string> catalogued_;  // names by fingerprint
  Survey survey_;
};

Result<void> Surveyor::choose_certificates() {
  const auto names = certificates_to_ask(servers_, store_, options_.names);
  if (!names) return fail(names.error());
  auto overviews = look_at_named(workspace_, *names, Depth::leaf);
  if (!overviews) return pass(std::move(overviews));
  overviews_ = *std::move(overviews);
  return {};
}

bool Surveyor::names_any(const EffectiveSettings& server) const {
  return std::any_of(overviews_.begin(), overviews_.end(),
                     [&](const Overview& each) { return is_shown_by(server, each); });
}

bool Surveyor::is_shown_by(const EffectiveSettings& server, const Overview& overview) const {
  if (server.config.find(overview.name) != nullptr) return true;
  return overview.spec == nullptr && shows_from_catalogue(server, store_, overview.name);
}

void Surveyor::say_of(const EffectiveSettings& server, Level level, std::string sentence) {
  unseen_.insert(&server);
  survey_.servers.push_back(
      {.title = title_of(server, servers_), .level = level, .sentence = std::move(sentence)});
}

Result<void> Surveyor::choose_targets() {
  Target given;
  for (const std::string& text : options_.connect) {
    auto addresses = resolve_address(text);
    if (!addresses) return pass(std::move(addresses));
    given.addresses.insert(given.addresses.end(), addresses->begin(), addresses->end());
  }
  for (const EffectiveSettings& server : servers_) {
    if (!names_any(server)) {
      // Its agent keeps what a catalogue shows up to date.
      if (options_.names.empty() && !server.config.catalogues().empty()) say_of_agent(server);
      continue;
    }
    given.servers.push_back(&server);
    add_server(server);
  }
  if (!options_.connect.empty()) targets_.push_back(std::move(given));
  return {};
}

void Surveyor::say_of_agent(const EffectiveSettings& server) {
  const AgentCondition condition = condition_of(server.seen);
  const bool is_agent_alone = server.server.kind == config::ServerKind::none;
  if (condition == AgentCondition::works) {
    for (std::string& trouble : troubles_of(server.seen)) {
      say_of(server, Level::warning, std::move(trouble));
    }
    return;
  }
  if (condition == AgentCondition::stopped && is_agent_alone) return;
  say_of(server, Level::critical, fmt::format("{}; {}", describe(server.seen), remedy_of(server)));
}

void Surveyor::add_server(const EffectiveSettings& server) {
  const AgentCondition condition = condition_of(server.seen);
  const bool is_agent_alone = server.server.kind == config::ServerKind::none;
  say_of_agent(server);
  if (condition == AgentCondition::stopped || is_agent_alone || !options_.connect.empty()) return;
  const auto addresses = listening_addresses(server);
  if (!addresses) {
    say_of(server, Level::unknown, printable(addresses.error().message()));
    return;
  }
  targets_.push_back({.title = title_of(server, servers_),
                      .servers = {&server},
                      .addresses = with_tls(server, *addresses)});
}

std::vector<NetworkAddress> Surveyor::with_tls(const EffectiveSettings& server,
                                               const std::vector<NetworkAddress>& addresses) {
  std::vector<Question> questions;
  for (const NetworkAddress& address : addresses) questions.push_back({.address = address});
  std::vector<crypto::Probe> answers(questions.size());
  ask_all(probe_, questions,
          [&](std::size_t number, const crypto::Probe& probe) { answers[number] = probe; });
  std::vector<NetworkAddress> speaking;
  std::vector<std::string> problems;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const bool speaks =
        answers[i].outcome == ProbeOutcome::shown || answers[i].outcome == ProbeOutcome::refused;
    if (speaks) speaking.push_back(addresses[i]);
    if (!speaks) {
      problems.push_back(
          fmt::format("{} ({})", to_string(addresses[i]), printable(answers[i].problem)));
    }
  }
  if (speaking.empty()) {
    say_of(server, Level::critical,
           fmt::format("nobody answers with TLS where it listens: {}", join(problems, ", ")));
  }
  return speaking;
}

void Surveyor::plan(const Target& target, std::size_t number) {
  for (std::size_t i = 0; i < overviews_.size(); ++i) {
    for (const std::string& name : names_to_ask(target, store_, overviews_[i])) {
      for (const NetworkAddress& address : target.addresses) {
        questions_.push_back(
            {.address = address, .server_name = name, .key = key_of(overviews_[i])});
        answers_.push_back({.certificate = i, .target = number});
      }
    }
  }
}

std::optional<std::string> Surveyor::other_of_catalogue(const Overview& overview,
                                                        const crypto::Probe& probe) {
  const store::VersionInfo* stored = stored_of(overview);
  if (overview.spec != nullptr || stored == nullptr || probe.chain.empty()) return std::nullopt;
  const std::string shown = probe.chain.front().fingerprint();
  if (shown == stored->fingerprint) return std::nullopt;
  std::call_once(catalogued_are_read_,
                 [this] { catalogued_ = catalogued_fingerprints(servers_, store_); });
  const auto found = catalogued_.find(shown);
  if (found == catalogued_.end()) return std::nullopt;
  return found->second;
}

void Surveyor::judge_one(std::size_t number, const crypto::Probe& probe) {
  const Question& question = questions_[number];
  ServerAnswer& answer = answers_[number];
  const Overview& overview = overviews_[answer.certificate];
  const Time now = workspace_.clock().now();
  const auto other = other_of_catalogue(overview, probe);
  const std::string& name = other ? *other : overview.name;
  const auto described = other ? store_.describe(name).value_or(store::StoreReader::Described{})
                               : store::StoreReader::Described{};
  std::optional<store::StoreReader::Loaded> loaded;
  const auto load = [&]() -> const store::StoredCertificate* {
    if (!loaded) loaded = store_.load(name).value_or(store::StoreReader::Loaded{});
    return loaded->certificate ? &*loaded->certificate : nullptr;
  };
  const Expectation expected{
      .stored = described.info ? &*described.info : stored_of(overview),
      .is_stored_chain = is_stored_chain(store_, name, probe.chain),
      .has_response = store_.response_stamp(name) != 0,
      .load = load,
      .server_name = question.server_name,
      .limits = options_.limits,
      .now = now,
      .is_trusted = [now](const auto& chain) { return crypto::is_trusted_by_system(chain, now); }};
  answer.outcome = probe.outcome;
  answer.look = {.server = targets_[answer.target].title,
                 .address = to_string(question.address),
                 .server_name = question.server_name,
                 .key = question.key,
                 .verdict = judge(probe, expected),
                 .protocol = probe.protocol};
  if (other) answer.look.verdict.sentence += fmt::format(" (it is \"{}\")", printable(name));
}

void Surveyor::ask() {
  for (std::size_t i = 0; i < targets_.size(); ++i) plan(targets_[i], i);
  ask_all(probe_, questions_,
          [this](std::size_t number, const crypto::Probe& probe) { judge_one(number, probe); });
}

Survey Surveyor::conclude() {
  if (options_.connect.empty()) choose_what_counts(answers_, overviews_);
  survey_.certificates = report_answers(
      std::move(answers_), overviews_, options_.limits, [this](const Overview& overview) {
        return std::any_of(unseen_.begin(), unseen_.end(),
                           [&](const auto* server) { return is_shown_by(*server, overview); });
      });
  return std::move(survey_);
}

// What is shown stays good for a while without the fleet.
void say_of_fleet(const std::string& state_directory, Survey& survey) {
  const auto note = store::read_fleet_note(state_directory);
  if (!note) return;
  std::vector<std::string> troubles = store::troubles_of(*note);
  // Of the others only the host that leads speaks, so that one host in trouble is one alarm.
  const auto overview =
      note->is_leader ? store::read_fleet_overview(state_directory) : std::nullopt;
  if (overview) {
    for (std::string& trouble : store::troubles_of(*overview, note->host)) {
      troubles.push_back(std::move(trouble));
    }
  }
  for (std::string& trouble : troubles) {
    survey.servers.push_back(
        {.title = "fleet", .level = Level::warning, .sentence = std::move(trouble)});
  }
}

// What is stored of it is shown for a while without the account.
void say_of_catalogues(const store::StoreReader& store, Survey& survey) {
  for (const store::SelectionReport& each : store::read_selection_reports(store)) {
    if (each.problem.empty() && each.stored > 0) continue;
    survey.servers.push_back({.title = fmt::format("catalogue of {}", each.selection),
                              .level = Level::warning,
                              .sentence = printable(describe(each))});
  }
}

}  // namespace

Result<Survey> take_survey(Workspace& workspace, const SurveyOptions& options) {
  if (const auto wrong = find_wrong_directory(workspace.options)) {
    return fail(ErrorKind::rejected, fmt::format("{}; {}", wrong->what, wrong->remedy));
  }
  const auto servers = workspace.settings();
  if (!servers) return fail(servers.error());
  auto probe = crypto::HandshakeProbe::make(workspace.clock(), options.timeout);
  if (!probe) return pass(std::move(probe));
  Surveyor surveyor(workspace, options, **servers, *std::move(probe));
  if (auto chosen = surveyor.choose_certificates(); !chosen) return pass(std::move(chosen));
  if (auto chosen = surveyor.choose_targets(); !chosen) return pass(std::move(chosen));
  surveyor.ask();
  Survey survey = surveyor.conclude();
  for (std::string& flaw : describe_unreadable_settings(workspace)) {
    survey.servers.push_back(
        {.title = "settings", .level = Level::unknown, .sentence = std::move(flaw)});
  }
  say_of_fleet(workspace.options.state_directory, survey);
  if (options.names.empty()) say_of_catalogues(workspace.store(), survey);
  return survey;
}

}  // namespace ccm::cli
