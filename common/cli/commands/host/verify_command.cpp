// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/commands/host/survey_options.h"
#include "cli/host/overview.h"
#include "cli/host/state_directory.h"
#include "cli/survey/served_survey.h"

namespace ccm::cli {
namespace {

using cloud::JsonObject;

Colour colour_of_level(Level level) noexcept {
  if (level == Level::ok) return Colour::green;
  return level == Level::warning ? Colour::yellow : Colour::red;
}

// The word for a level, for people.
std::string_view judgement_of(Level level) noexcept {
  switch (level) {
    case Level::ok:
      return "as it should be";
    case Level::warning:
      return "to be looked at";
    case Level::critical:
      return "wrong";
    case Level::unknown:
      break;
  }
  return "not known";
}

JsonObject object_of_look(const Look& look) {
  JsonObject object;
  object.set("server", look.server)
      .set("address", look.address)
      .set("server_name", look.server_name)
      .set("key", word_of(look.key))
      .set("protocol", look.protocol)
      .set("level", to_lower(word_of(look.verdict.level)))
      .set("sentence", look.verdict.sentence)
      .set("serial", look.verdict.serial)
      .set("fingerprint", look.verdict.fingerprint)
      .set_flag("counts", look.counts);
  if (look.verdict.left) object.set_number("seconds_left", look.verdict.left->count());
  return object;
}

JsonObject object_of_report(const CertificateReport& report) {
  std::vector<JsonObject> looks;
  for (const Look& look : report.looks) looks.push_back(object_of_look(look));
  JsonObject object;
  object.set("name", report.name)
      .set("level", to_lower(word_of(report.level)))
      .set("sentence", report.sentence)
      .set_number("version", static_cast<std::int64_t>(report.version))
      .set("serial", report.serial)
      .set_objects("looks", std::move(looks));
  if (report.left) object.set_number("seconds_left", report.left->count());
  return object;
}

Result<ExitCode> print_survey_for_scripts(const Survey& survey) {
  std::vector<JsonObject> certificates;
  for (const CertificateReport& each : survey.certificates) {
    certificates.push_back(object_of_report(each));
  }
  std::vector<JsonObject> servers;
  for (const ServerReport& each : survey.servers) {
    servers.emplace_back();
    servers.back()
        .set("server", each.title)
        .set("level", to_lower(word_of(each.level)))
        .set("sentence", each.sentence);
  }
  JsonObject answer;
  answer.set("level", to_lower(word_of(survey.level())))
      .set_objects("certificates", std::move(certificates))
      .set_objects("servers", std::move(servers));
  return print_object(std::move(answer));
}

void print_report(const Terminal& terminal, const CertificateReport& report) {
  const std::string stored = report.version == 0
                                 ? "the store has none yet"
                                 : fmt::format("the store has version {}, serial {}",
                                               report.version, printable(report.serial));
  Terminal::print(fmt::format(
      "{}: {}; {}\n", terminal.paint(Colour::bold, report.name),
      terminal.paint(colour_of_level(report.level), judgement_of(report.level)), stored));
  if (report.looks.empty()) Terminal::print(fmt::format("  {}\n", report.sentence));
  for (const Look& look : report.looks) {
    const std::string how = look.protocol.empty()
                                ? std::string(word_of(look.key))
                                : fmt::format("{}, {}", look.protocol, word_of(look.key));
    const std::string text = fmt::format("{} ({})", printable(sentence_of(look)), how);
    const bool is_other = !look.counts;
    Terminal::print(fmt::format(
        "  {}{}\n",
        terminal.paint(is_other ? Colour::dim : colour_of_level(look.verdict.level), text),
        is_other ? "; another virtual host answers there" : ""));
  }
}

Result<ExitCode> verify_served(Workspace& workspace, const SurveyOptions& options) {
  if (say_wrong_directory(workspace)) return ExitCode::not_found;
  const auto known = names_of_all(workspace);
  if (!known) return fail(known.error());
  for (const std::string& name : options.names) {
    if (known->contains(name)) continue;
    say_unknown(name);
    return ExitCode::not_found;
  }
  const auto survey = take_survey(workspace, options);
  if (!survey) return fail(survey.error());
  const ExitCode code = survey->level() == Level::ok ? ExitCode::ok : ExitCode::failed;
  if (workspace.options.json) {
    auto printed = print_survey_for_scripts(*survey);
    return printed ? code : printed;
  }
  if (survey->certificates.empty()) Terminal::say("no server of this host names a certificate");
  for (const ServerReport& each : survey->servers) {
    const std::string text = fmt::format("{}: {}", each.title, printable(each.sentence));
    Terminal::print(workspace.terminal.paint(colour_of_level(each.level), text) + "\n");
  }
  for (const CertificateReport& each : survey->certificates) {
    print_report(workspace.terminal, each);
  }
  return code;
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  auto* verify = app.add_subcommand(
      "verify", "Compares what the running servers show with the store, handshake by handshake");
  auto options = std::make_shared<SurveyOptions>();
  add_survey_options(*verify, *options);
  verify->footer(
      "Examples:\n"
      "  ccmctl verify\n"
      "  ccmctl verify www --json\n"
      "  ccmctl verify www --connect 192.0.2.10:443");
  verify->callback([=, &action] {
    action = [=](Workspace& workspace) { return verify_served(workspace, *options); };
  });
}

}  // namespace ccm::cli
