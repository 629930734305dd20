// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/host/agents.h"
#include "cli/host/catalogue_report.h"
#include "cli/host/overview.h"
#include "cli/host/overview_object.h"
#include "cli/host/state_directory.h"
#include "cli/input/completion.h"
#include "cli/input/value_checks.h"
#include "cli/output/table.h"
#include "store/host/fleet_note.h"

namespace ccm::cli {
namespace {

// A larger number of certificates is summed up, and only those in trouble have a line each.
constexpr std::size_t kMany = 50;

enum class Form : std::uint8_t { table, wide, json, yaml, name };

struct StatusOptions {
  std::vector<std::string> names;
  Form form = Form::table;
  bool is_failing = false;
  std::optional<Seconds> since;
  int interval = 0;  // seconds; 0: once

  bool is_selection() const { return !names.empty() || is_failing || since.has_value(); }
};

void print_servers(const Terminal& terminal, const std::vector<EffectiveSettings>& servers) {
  if (servers.empty()) return;
  Table table({"SERVER", "AGENT", ""});
  for (const EffectiveSettings& server : servers) {
    const AgentCondition condition = condition_of(server.seen);
    table.add({{title_of(server, servers)},
               {describe(server.seen), colour_of(condition)},
               {is_lost(condition) ? "-> " + remedy_of(server) : "", Colour::bold}});
  }
  Terminal::print("\n" + table.text(terminal));
}

// While etcd is away, the host shows what is in its copy.
void print_trouble_with_fleet(const Workspace& workspace) {
  const auto note = store::read_fleet_note(workspace.options.state_directory);
  if (!note) return;
  for (const std::string& trouble : store::troubles_of(*note)) {
    Terminal::print(workspace.terminal.paint(Colour::red, printable(trouble)) + "\n");
  }
}

// Printed first. Without an agent, a certificate that is "valid" below is not renewed before it
// ends.
void print_lost_agents(const Terminal& terminal, const std::vector<EffectiveSettings>& servers) {
  for (const EffectiveSettings& server : servers) {
    for (const std::string& trouble : troubles_of(server.seen)) {
      Terminal::print(
          terminal.paint(Colour::red, fmt::format("{}: {}", title_of(server, servers), trouble)) +
          "\n");
    }
    if (!is_lost(condition_of(server.seen))) continue;
    const std::string sentence =
        fmt::format("{}: {}, so nothing new is served there and it renews nothing; -> {}",
                    title_of(server, servers), describe(server.seen), remedy_of(server));
    Terminal::print(terminal.paint(Colour::red, sentence) + "\n");
  }
}

void print_rows(const Workspace& workspace, const StatusOptions& options, const Table& table) {
  if (table.empty()) return;
  Terminal::print(options.form == Form::wide ? table.text_whole(workspace.terminal)
                                             : table.text(workspace.terminal));
}

// The certificates that a server names, and what went wrong with them.
void print_used(const Workspace& workspace, const StatusOptions& options,
                const std::vector<Overview>& shown, Time now) {
  constexpr std::size_t kShortNames = 24;
  constexpr std::size_t kShort = 16;
  Table table({"NAME", "SOURCE", "STATE", "SERVED", "LEFT", "NEXT", "NAMES"});
  table.may_shrink("NAMES", kShortNames)
      .may_shrink("SOURCE", kShortNames)
      .may_go("NAMES")
      .may_be_brief("LEFT")
      .may_shrink("SOURCE", kShort)
      .may_go("SOURCE")
      .may_shrink("NAME", kShortNames)
      .may_shrink("SERVED", kShort)
      .may_go("NEXT")
      .may_shrink("NAME", kShort)
      .may_go("SERVED");
  std::string errors;
  for (const Overview& overview : shown) {
    if (overview.is_left) continue;
    const Health health = health_of(overview, now);
    Table::Cell left{"", health.colour};
    if (overview.installed) {
      left.text = bar(overview.installed->info, now);
      left.brief = time_left(overview.installed->info, now);
    }
    table.add({{overview.name},
               {source_of(overview)},
               {std::string(health.word()), health.colour},
               {served_text(overview)},
               std::move(left),
               {next_step(overview, now)},
               {names_of(overview)}});
    if (const Error* error = overview.error()) {
      errors += fmt::format("{}: {}\n", workspace.terminal.paint(health.colour, overview.name),
                            printable(error->message()));
    }
  }
  print_rows(workspace, options, table);
  if (!errors.empty()) Terminal::print("\n" + errors);
}

// The certificates that no configuration names any more.
void print_left(const Workspace& workspace, const StatusOptions& options,
                const std::vector<Overview>& all, Time now) {
  Table table({"NAME", "SOURCE", "LEFT", "NAMES"});
  table.may_go("NAMES").may_be_brief("LEFT").may_go("SOURCE");
  for (const Overview& overview : all) {
    if (!overview.is_left || overview.is_forgotten) continue;
    table.add({{overview.name},
               {source_of(overview)},
               {overview.installed ? bar(overview.installed->info, now) : "", Colour::dim,
                overview.installed ? time_left(overview.installed->info, now) : ""},
               {names_of(overview)}});
  }
  if (table.empty()) return;
  Terminal::print(
      "\nIn no server's configuration any more, their private keys still here; "
      "`ccmctl forget NAME` removes one:\n");
  print_rows(workspace, options, table);
}

// "10000 certificates: 9990 valid, 7 failing, 3 waiting"
std::string count_states(const std::vector<Overview>& all, Time now) {
  std::map<std::string_view, std::size_t> counts;
  std::size_t used = 0;
  for (const Overview& overview : all) {
    if (overview.is_left) continue;
    ++counts[health_of(overview, now).word()];
    ++used;
  }
  std::vector<std::string> parts;
  for (const auto& [word, count] : counts) parts.push_back(fmt::format("{} {}", count, word));
  return fmt::format("{} certificates: {}\n", used, join(parts, ", "));
}

void print_for_people(const Workspace& workspace, const StatusOptions& options,
                      std::vector<Overview> shown, const std::vector<EffectiveSettings>& servers,
                      Time now) {
  print_lost_agents(workspace.terminal, servers);
  const bool is_summed_up =
      options.form == Form::table && !options.is_selection() && shown.size() > kMany;
  if (is_summed_up) {
    Terminal::print(count_states(shown, now));
    std::erase_if(shown, [now](const Overview& overview) {
      return !overview.is_left && !is_trouble(overview, now);
    });
  }
  std::size_t rows = 0;
  const std::size_t most = is_summed_up ? kMany : shown.size();
  std::vector<Overview> first;
  std::size_t hidden = 0;
  for (Overview& overview : shown) {
    if (!overview.is_left && rows++ >= most) {
      ++hidden;
      continue;
    }
    first.push_back(std::move(overview));
  }
  print_used(workspace, options, first, now);
  if (is_summed_up) {
    if (hidden != 0) Terminal::print(fmt::format("and {} more like these\n", hidden));
    Terminal::print("`ccmctl status -o wide` shows all, `ccmctl status NAME` one\n");
  }
  if (!options.is_selection()) print_servers(workspace.terminal, servers);
  print_left(workspace, options, first, now);
}

void print_catalogues(Workspace& workspace) {
  for (const store::SelectionReport& each : store::read_selection_reports(workspace.store())) {
    Terminal::print(fmt::format("catalogue of {}: {}\n", each.selection, describe(each)));
  }
}

// The first name in the options that no certificate has; nullptr when there is none.
const std::string* find_unknown(const StatusOptions& options, const std::vector<Overview>& all) {
  for (const std::string& name : options.names) {
    const bool is_there = std::any_of(
        all.begin(), all.end(), [&](const Overview& overview) { return overview.name == name; });
    if (!is_there) return &name;
  }
  return nullptr;
}

// The certificates that the options choose.
Result<std::vector<Overview>> select(const StatusOptions& options, std::vector<Overview> all,
                                     Time now) {
  const Time since = now - options.since.value_or(Seconds(0));
  std::erase_if(all, [&](const Overview& overview) {
    const bool is_named =
        options.names.empty() ||
        std::find(options.names.begin(), options.names.end(), overview.name) != options.names.end();
    if (!is_named || (options.is_failing && !is_trouble(overview, now))) return true;
    return options.since && (!overview.installed || overview.installed->info.installed_at < since);
  });
  sort_by_need(all, now);
  return all;
}

bool is_for_people(const StatusOptions& options) noexcept {
  return options.form == Form::table || options.form == Form::wide;
}

Result<ExitCode> print_for_scripts(Form form, const std::vector<Overview>& shown,
                                   const std::vector<EffectiveSettings>& servers, Time now) {
  if (form == Form::name) {
    for (const Overview& overview : shown) Terminal::print(overview.name + "\n");
    return ExitCode::ok;
  }
  auto object = object_of(shown, servers, now);
  return form == Form::json ? print_object(std::move(object))
                            : print_object_as_yaml(std::move(object));
}

void say_why_nothing_is_shown(const StatusOptions& options, const std::vector<Overview>& shown) {
  const bool is_used = std::any_of(shown.begin(), shown.end(),
                                   [](const Overview& overview) { return !overview.is_left; });
  if (options.is_selection() && shown.empty()) {
    Terminal::say("none of this host's certificates is of that kind");
  } else if (!is_used && !options.is_selection()) {
    Terminal::say("no server of this host names a certificate");
  }
}

Result<ExitCode> print_status(Workspace& workspace, const StatusOptions& options) {
  if (say_wrong_directory(workspace)) return ExitCode::not_found;
  const Time now = workspace.clock().now();
  const bool is_complete = options.form == Form::json || options.form == Form::yaml;
  auto all = look_at_all(workspace, is_complete ? Depth::leaf : Depth::records);
  if (!all) return pass(std::move(all));
  if (const std::string* name = find_unknown(options, *all)) {
    say_unknown(*name);
    say_flaws(workspace);
    return ExitCode::not_found;
  }
  const bool is_empty = all->empty();
  auto shown = select(options, *std::move(all), now);
  if (!shown) return pass(std::move(shown));
  const std::vector<EffectiveSettings>& servers = **workspace.settings();
  if (!is_for_people(options)) {
    auto printed = print_for_scripts(options.form, *shown, servers, now);
    return printed ? say_flaws(workspace) : printed;
  }
  if (is_empty) {
    Terminal::say(
        fmt::format("no certificates in {}; a web server with a ccm configuration puts "
                    "them there",
                    workspace.options.state_directory));
    print_lost_agents(workspace.terminal, servers);
  } else {
    say_why_nothing_is_shown(options, *shown);
    print_trouble_with_fleet(workspace);
    print_for_people(workspace, options, *std::move(shown), servers, now);
  }
  print_catalogues(workspace);
  return say_flaws(workspace);
}

Result<ExitCode> watch_status(Workspace& workspace, const StatusOptions& options) {
  for (;;) {
    workspace.terminal.clear();
    if (is_for_people(options)) {
      Terminal::print(fmt::format("ccmctl status, every {} s: {}\n\n", options.interval,
                                  format_time(workspace.clock().now())));
    }
    auto done = print_status(workspace, options);
    if (!done || *done == ExitCode::not_found) return done;
    std::fflush(stdout);
    poll(nullptr, 0, options.interval * 1000);
    workspace.forget_settings();
  }
}

Result<ExitCode> act(Workspace& workspace, StatusOptions options) {
  if (workspace.options.json) {
    if (options.form != Form::table && options.form != Form::json) {
      return fail(Error(ErrorKind::invalid, "--json and -o name two forms; one is right"));
    }
    options.form = Form::json;
  }
  return options.interval == 0 ? print_status(workspace, options)
                               : watch_status(workspace, options);
}

}  // namespace

void add_status(CLI::App& app, Action& action) {
  auto* status = app.add_subcommand("status", "Shows the state of this host's certificates");
  auto options = std::make_shared<StatusOptions>();
  const std::vector<std::pair<std::string, Form>> forms = {
      {"wide", Form::wide}, {"json", Form::json}, {"yaml", Form::yaml}, {"name", Form::name}};
  status->add_option("NAME", options->names, "only these certificates")->type_name(kCertificate);
  status
      ->add_option(
          "-o,--output", options->form,
          "the form: wide (every certificate and column), json, yaml, or name (names only)")
      ->type_name("wide|json|yaml|name")
      ->transform(word_for(forms));
  status->add_flag("--failing", options->is_failing,
                   "only certificates that are not valid or not served");
  add_duration(*status, "--since",
               "only those of which a version was installed in this time, such as 24h",
               [options](Seconds since) { options->since = since; });
  status->add_option("--watch", options->interval, "repeat every SECONDS (2)")
      ->expected(0, 1)
      ->default_str("2")
      ->check(number({.what = "number of seconds", .least = 1, .most = 3600}));
  status->footer(
      "Examples:\n  ccmctl status\n  ccmctl status --failing -o wide\n  ccmctl status --watch\n"
      "  ccmctl status --json");
  status->callback(
      [=, &action] { action = [=](Workspace& workspace) { return act(workspace, *options); }; });
}

}  // namespace ccm::cli
