// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "cli/commands/commands.h"
#include "cli/commands/host/survey_options.h"
#include "cli/survey/plugin_output.h"
#include "cli/survey/served_survey.h"

namespace ccm::cli {
namespace {

// Monitoring plug-ins have their own exit codes, in which 0 to 3 mean what Level says.
ExitCode plugin_exit(Level level) noexcept {
  return static_cast<ExitCode>(level);
}

Result<ExitCode> check_served(Workspace& workspace, const SurveyOptions& options, bool is_verbose) {
  const auto survey = take_survey(workspace, options);
  if (!survey) {
    Terminal::print(plugin_failure(survey.error().message()));
    return plugin_exit(Level::unknown);
  }
  Terminal::print(plugin_line(*survey));
  if (is_verbose) Terminal::print(plugin_details(*survey));
  const bool is_empty = survey->certificates.empty() && survey->servers.empty();
  return plugin_exit(is_empty ? Level::unknown : survey->level());
}

}  // namespace

void add_check(CLI::App& app, Action& action) {
  auto* check = app.add_subcommand(
      "check",
      "Says what the running servers show, for monitoring: one line and a plug-in's exit code");
  auto options = std::make_shared<SurveyOptions>();
  add_survey_options(*check, *options);
  auto is_verbose = std::make_shared<bool>(false);
  check->add_flag("-v,--verbose", *is_verbose, "also print a line for every handshake");
  check->footer(
      "Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN\n\n"
      "Examples:\n"
      "  ccmctl check\n"
      "  ccmctl check www api --warning 20d --critical 7d\n"
      "  ccmctl check mail --connect 127.0.0.1:993");
  check->callback([=, &action] {
    action = [=](Workspace& workspace) { return check_served(workspace, *options, *is_verbose); };
  });
}

}  // namespace ccm::cli
