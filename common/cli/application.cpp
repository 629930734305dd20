// SPDX-License-Identifier: Apache-2.0
#include "cli/application.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <vector>

#include "base/boundary.h"
#include "base/version.h"
#include "cli/commands/commands.h"
#include "cli/host/overview.h"
#include "cli/input/completion.h"
#include "cli/input/global_options.h"
#include "cli/input/usage.h"
#include "cli/survey/plugin_output.h"

namespace ccm::cli {
namespace {

constexpr const char* kAbout =
    "Huawei Cloud CCM and the certificates that this host's web servers take from it.";

constexpr const char* kExamples =
    "\nExamples:\n"
    "  ccmctl status\n"
    "  ccmctl renew www\n"
    "  ccmctl certificates list --json\n"
    "  ccmctl certificates list --help";

std::string exit_code_text() {
  std::string text = "Exit status:\n";
  for (const auto& [code, meaning] : exit_codes()) {
    text += fmt::format("  {}  {}\n", static_cast<int>(code), meaning);
  }
  return text;
}

// Chapters of the overview.
constexpr const char* kHostChapter = "This host's certificates";
constexpr const char* kMaintenanceChapter = "Maintenance";
constexpr const char* kCloudChapter = "The cloud";

struct CommandSet {
  void (*add)(CLI::App& app, Action& action);
  const char* chapter;  // of the commands that it adds to the top of the tree
};

// In the order of the overview. A set that joins a group of the shortcuts comes after them; the
// last one makes the manual from the whole tree.
constexpr auto kCommandSets = std::to_array<CommandSet>({
    {add_status, kHostChapter},
    {add_look_commands, kHostChapter},
    {add_check, kMaintenanceChapter},
    {add_verify, kMaintenanceChapter},
    {add_change_commands, kHostChapter},
    {add_orders, kHostChapter},
    {add_events, kHostChapter},
    {add_fleet, kMaintenanceChapter},
    {add_forget, kHostChapter},
    {add_local_import, kHostChapter},
    {add_agent, kMaintenanceChapter},
    {add_delivery_commands, kCloudChapter},
    {add_revoke, kCloudChapter},
    {add_shortcuts, kCloudChapter},
    {add_export_commands, kHostChapter},
    {add_authority_export, kCloudChapter},
    {add_request_commands, kCloudChapter},
    {add_doctor, kMaintenanceChapter},
    {add_policy, kMaintenanceChapter},
    {add_api_commands, kCloudChapter},
    {add_generate, kMaintenanceChapter},
});

void add_commands(CLI::App& app, Action& action) {
  std::size_t arranged = 0;
  for (const CommandSet& set : kCommandSets) {
    set.add(app, action);
    const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
    for (; arranged < commands.size(); ++arranged) commands[arranged]->group(set.chapter);
  }
}

// Global options may stand anywhere on the line.
void let_fall_through(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    command->fallthrough();
    let_fall_through(*command);
  }
}

// What is wrong with the command line. A monitoring system reads the output of `check`, and would
// take the usual exit status for a state.
int report_mistake(const CLI::App& app, const std::string& mistake) {
  if (app.got_subcommand("check")) {
    Terminal::print(plugin_failure(mistake));
    return static_cast<int>(Level::unknown);
  }
  Terminal::say("ccmctl: " + mistake);
  return static_cast<int>(ExitCode::usage);
}

}  // namespace

Application::Application() : app_(std::make_unique<CLI::App>(kAbout, "ccmctl")) {
  app_->set_version_flag("--version", fmt::format("ccmctl {}", version()));
  app_->require_subcommand(1);
  app_->formatter(help_format());
  add_global_options(*app_, workspace_.options);
  add_commands(*app_, action_);
  let_fall_through(*app_);
  app_->footer(exit_code_text() + kExamples);
}

int Application::run(int argc, char** argv) noexcept {
  const auto report = [](const char* what) { fmt::print(stderr, "ccmctl: {}\n", what); };
  return at_boundary(static_cast<int>(ExitCode::failed), report,
                     [&] { return parse_and_act(argc, argv); });
}

std::vector<std::string> Application::names_in(const std::string& state_directory) {
  if (!state_directory.empty()) workspace_.options.state_directory = state_directory;
  std::vector<std::string> names;
  if (const auto all = names_of_all(workspace_)) names.assign(all->begin(), all->end());
  return names;
}

int Application::parse_and_act(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  // __complete is no command of the tree, because the words after it may be unfinished.
  if (!words.empty() && words.front() == "__complete") {
    const auto completion = complete(*app_, {words.begin() + 1, words.end()},
                                     [this](const std::string& path) { return names_in(path); });
    Terminal::print(to_text(completion));
    return 0;
  }
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  try {
    // CLI11 wants the last word first.
    app_->parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app_->exit(problem);
    return report_mistake(*app_, explain_mistake(*app_, words, problem.what()));
  }
  if (const auto mistake = find_unused_option(*app_, workspace_.options)) {
    return report_mistake(*app_, *mistake);
  }
  workspace_.terminal = Terminal(workspace_.options.colour);
  const Result<ExitCode> done = action_(workspace_);
  if (done) return static_cast<int>(*done);
  Terminal::say("ccmctl: " + workspace_.sentence_of(done.error()));
  return static_cast<int>(exit_code_of(done.error()));
}

}  // namespace ccm::cli
