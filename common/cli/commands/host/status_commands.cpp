// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <poll.h>

#include <memory>

#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/host/agents.h"
#include "cli/host/overview.h"
#include "cli/host/state_directory.h"
#include "cli/output/render.h"

namespace ccm::cli {
namespace {

using cloud::JsonObject;

JsonObject object_of(const store::VersionInfo& info) {
  JsonObject object;
  object.set_number("version", static_cast<std::int64_t>(info.number))
      .set("serial", info.serial)
      .set("fingerprint", info.fingerprint)
      .set("origin", info.origin)
      .set("installed_at", format_time(info.installed_at))
      .set("not_before", format_time(info.not_before))
      .set("not_after", format_time(info.not_after));
  return object;
}

JsonObject object_of(const Error& error) {
  JsonObject object;
  object.set("kind", to_string(error.kind())).set("message", error.message());
  if (!error.code().empty()) object.set("code", error.code());
  if (!error.request_id().empty()) object.set("request_id", error.request_id());
  return object;
}

std::vector<JsonObject> objects_of(const std::vector<Serving>& servings) {
  std::vector<JsonObject> objects;
  for (const Serving& serving : servings) {
    objects.emplace_back();
    objects.back()
        .set("server", serving.server)
        .set("agent", word_of(serving.condition))
        .set_number("version", static_cast<std::int64_t>(serving.version.value_or(0)));
  }
  return objects;
}

JsonObject object_of(const EffectiveSettings& server, const std::vector<EffectiveSettings>& all) {
  const store::AgentSighting& seen = server.seen;
  JsonObject object;
  object.set("server", title_of(server, all))
      .set("instance", server.server.instance)
      .set("place", server.facts.place)
      .set("agent", word_of(condition_of(seen)))
      .set_number("process", seen.pid)
      .set_flag("leads", seen.leads);
  if (seen.pid != 0) object.set("since", format_time(seen.since));
  if (seen.last_seen) object.set("last_seen", format_time(*seen.last_seen));
  return object;
}

JsonObject object_of(const Overview& overview, Time now) {
  JsonObject object;
  object.set("name", overview.name)
      .set("source", source_of(overview))
      .set("state", health_of(overview, now).word)
      .set_flag("is_configured", overview.spec != nullptr)
      .set_flag("is_forgotten", overview.is_forgotten)
      .set_flag("is_held", overview.is_held())
      .set_flag("is_served", overview.is_served())
      .set_objects("served", objects_of(overview.servings));
  if (overview.spec != nullptr) object.set_texts("names", overview.spec->names);
  if (overview.installed) {
    const auto& info = overview.installed->info;
    object.set_object("installed", object_of(info))
        .set_number("seconds_left", (info.not_after - now).count())
        .set_texts("certificate_names", overview.installed->bundle.leaf().names());
  }
  if (const auto* valid = std::get_if<lifecycle::Valid>(&overview.state)) {
    object.set("renew_at", format_time(valid->renew_at))
        .set("check_at", format_time(valid->check_at));
  }
  if (const auto* failing = std::get_if<lifecycle::Failing>(&overview.state)) {
    object.set("retry_at", format_time(failing->retry_at))
        .set_number("attempts", failing->attempts);
  }
  if (const Error* error = overview.error()) object.set_object("error", object_of(*error));
  return object;
}

std::string names_of(const Overview& overview) {
  return overview.spec != nullptr ? join(overview.spec->names, ", ")
         : overview.installed     ? join(overview.installed->bundle.leaf().names(), ", ")
                                  : std::string();
}

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

// Before everything else: what is "valid" below stays so for as long as it lasts, and no longer.
void print_lost_agents(const Terminal& terminal, const std::vector<EffectiveSettings>& servers) {
  for (const EffectiveSettings& server : servers) {
    if (!is_lost(condition_of(server.seen))) continue;
    const std::string sentence =
        fmt::format("{}: {}, so nothing new is served there and it renews nothing; -> {}",
                    title_of(server, servers), describe(server.seen), remedy_of(server));
    Terminal::print(terminal.paint(Colour::red, sentence) + "\n");
  }
}

// What keeps the answer from being the whole one.
ExitCode say_flaws(Workspace& workspace, bool are_strays_meant = true) {
  std::vector<std::string> flaws = describe_unreadable_settings(workspace.options.state_directory);
  const auto strays = are_strays_meant ? describe_strays(workspace.store()) : std::nullopt;
  if (strays) flaws.push_back(*strays);
  for (const std::string& flaw : flaws) Terminal::say("ccmctl: " + flaw);
  return flaws.empty() ? ExitCode::ok : ExitCode::failed;
}

Result<ExitCode> print_for_scripts(const std::vector<Overview>& all,
                                   const std::vector<EffectiveSettings>& servers, Time now) {
  std::vector<JsonObject> objects;
  for (const Overview& overview : all) objects.push_back(object_of(overview, now));
  std::vector<JsonObject> agents;
  for (const EffectiveSettings& server : servers) agents.push_back(object_of(server, servers));
  JsonObject answer;
  answer.set_objects("certificates", std::move(objects)).set_objects("servers", std::move(agents));
  return print_object(std::move(answer));
}

// Those that a server names, and what went wrong with them.
void print_used(const Terminal& terminal, const std::vector<Overview>& all,
                const std::vector<EffectiveSettings>& servers, Time now) {
  Table table({"NAME", "SOURCE", "STATE", "SERVED", "LEFT", "NEXT", "NAMES"});
  std::string errors;
  for (const Overview& overview : all) {
    if (overview.is_left) continue;
    const Health health = health_of(overview, now);
    table.add({{overview.name},
               {source_of(overview)},
               {std::string(health.word), health.colour},
               {served_text(overview)},
               {overview.installed ? bar(overview.installed->info, now) : "", health.colour},
               {next_step(overview, now)},
               {names_of(overview)}});
    if (const Error* error = overview.error()) {
      errors += fmt::format("{}: {}\n", terminal.paint(health.colour, overview.name),
                            printable(error->message()));
    }
  }
  if (table.empty()) Terminal::say("no server of this host names a certificate");
  if (!table.empty()) Terminal::print(table.text(terminal));
  print_servers(terminal, servers);
  if (!errors.empty()) Terminal::print("\n" + errors);
}

// Those that left the configuration.
void print_left(const Terminal& terminal, const std::vector<Overview>& all, Time now) {
  Table table({"NAME", "SOURCE", "LEFT", "NAMES"});
  for (const Overview& overview : all) {
    if (!overview.is_left || overview.is_forgotten) continue;
    table.add({{overview.name},
               {source_of(overview)},
               {overview.installed ? bar(overview.installed->info, now) : "", Colour::dim},
               {names_of(overview)}});
  }
  if (table.empty()) return;
  Terminal::print(
      "\nIn no server's configuration any more, their private keys still here; "
      "`ccmctl forget NAME` removes one:\n" +
      table.text(terminal));
}

Result<ExitCode> print_status(Workspace& workspace) {
  if (say_wrong_directory(workspace)) return ExitCode::not_found;
  const Time now = workspace.clock().now();
  auto all = look_at_all(workspace);
  if (!all) return pass(std::move(all));
  const std::vector<EffectiveSettings>& servers = **workspace.settings();
  if (workspace.options.json) {
    auto printed = print_for_scripts(*all, servers, now);
    return printed ? say_flaws(workspace) : printed;
  }
  if (all->empty()) {
    Terminal::say(
        fmt::format("no certificates in {}; a web server with a ccm configuration puts "
                    "them there",
                    workspace.options.state_directory));
    return say_flaws(workspace);
  }
  print_lost_agents(workspace.terminal, servers);
  print_used(workspace.terminal, *all, servers, now);
  print_left(workspace.terminal, *all, now);
  return say_flaws(workspace);
}

Result<ExitCode> watch_status(Workspace& workspace, int seconds) {
  for (;;) {
    workspace.terminal.clear();
    const auto done = print_status(workspace);
    if (!done || *done == ExitCode::not_found) return done;
    std::fflush(stdout);
    poll(nullptr, 0, seconds * 1000);
    workspace.forget_settings();
  }
}

Result<ExitCode> list_certificates(Workspace& workspace) {
  if (workspace.options.json) return print_status(workspace);
  if (say_wrong_directory(workspace)) return ExitCode::not_found;
  auto all = look_at_all(workspace);
  if (!all) return pass(std::move(all));
  for (const Overview& overview : *all) {
    if (!overview.is_forgotten) Terminal::print(overview.name + "\n");
  }
  return say_flaws(workspace);
}

Result<ExitCode> show_certificate(Workspace& workspace, const std::string& name) {
  const Time now = workspace.clock().now();
  auto overview = look_at(workspace, name);
  if (!overview) return pass(std::move(overview));
  if (!*overview) {
    say_flaws(workspace);
    return ExitCode::not_found;
  }
  if (workspace.options.json) {
    auto printed = print_object(object_of(**overview, now));
    return printed ? say_flaws(workspace, false) : printed;
  }
  const Health health = health_of(**overview, now);
  std::string text;
  const auto add = [&](std::string_view label, std::string_view value) {
    text += fmt::format(
        "{} {}\n", workspace.terminal.paint(Colour::bold, fmt::format("{:<13}", label)), value);
  };
  add("name", (*overview)->name);
  add("source", printable(source_of(**overview)));
  add("names", printable(names_of(**overview)));
  add("state", workspace.terminal.paint(health.colour, health.word));
  if ((*overview)->installed) {
    const auto& bundle = (*overview)->installed->bundle;
    const auto& info = (*overview)->installed->info;
    add("left", workspace.terminal.paint(health.colour, bar(info, now)));
    if (!(*overview)->servings.empty()) add("served", served_text(**overview));
    add("version", fmt::format("{}{}", info.number, (*overview)->is_held() ? " (held)" : ""));
    add("valid from", format_time(info.not_before));
    add("valid until", format_time(info.not_after));
    add("subject", printable(bundle.leaf().subject()));
    add("issuer", printable(bundle.leaf().issuer()));
    add("key", crypto::to_string(bundle.key().type()));
    add("serial", printable(info.serial));
    add("SHA-256", printable(info.fingerprint));
    add("came from", printable(info.origin));
    add("installed", format_time(info.installed_at));
    const std::string directory = workspace.store().directory_of(name);
    if (!directory.empty()) add("files", directory);
  }
  add("next", printable(next_step(**overview, now)));
  if (const Error* error = (*overview)->error()) add("last error", printable(error->message()));
  Terminal::print(text);
  return say_flaws(workspace, false);
}

Result<ExitCode> print_history(Workspace& workspace, const std::string& name) {
  auto overview = look_at(workspace, name);
  if (!overview) return pass(std::move(overview));
  if (!*overview) return ExitCode::not_found;
  const store::StoreReader& reader = workspace.store();
  const auto versions = reader.history(name);
  if (!versions) return fail(versions.error());
  const auto current = reader.current_version(name);
  Table table({"VERSION", "", "INSTALLED", "VALID FROM", "VALID UNTIL", "SERIAL", "ORIGIN"});
  std::vector<JsonObject> objects;
  for (const auto& info : *versions) {
    const bool is_current = info.number == current;
    objects.push_back(object_of(info));
    objects.back().set_flag("is_current", is_current);
    const std::string mark = (*overview)->held == info.number && is_current ? "held" : "current";
    table.add({{fmt::format("{}", info.number)},
               {is_current ? mark : "", Colour::green},
               {format_time(info.installed_at)},
               {format_time(info.not_before)},
               {format_time(info.not_after)},
               {info.serial},
               {info.origin}});
  }
  if (workspace.options.json) {
    JsonObject answer;
    answer.set("name", name).set_objects("versions", std::move(objects));
    return print_object(std::move(answer));
  }
  if (table.empty()) Terminal::say("nothing was installed yet");
  if (!table.empty()) Terminal::print(table.text(workspace.terminal));
  return ExitCode::ok;
}

using NameAction = Result<ExitCode> (*)(Workspace&, const std::string&);

CLI::App* add_named(CLI::App& app, Action& action, const char* command, const char* about,
                    NameAction act) {
  auto* added = app.add_subcommand(command, about);
  auto name = std::make_shared<std::string>();
  added->add_option("NAME", *name, "the certificate's name in the server's configuration")
      ->required();
  added->callback(
      [=, &action] { action = [=](Workspace& workspace) { return act(workspace, *name); }; });
  return added;
}

}  // namespace

void add_status_commands(CLI::App& app, Action& action) {
  auto* status = app.add_subcommand("status", "Shows the state of this host's certificates");
  auto interval = std::make_shared<int>(0);
  status->add_option("--watch", *interval, "repeat every SECONDS (2)")
      ->expected(0, 1)
      ->default_str("2")
      ->check(CLI::Range(1, 3600));
  status->footer("Examples:\n  ccmctl status\n  ccmctl status --watch\n  ccmctl status --json");
  status->callback([=, &action] {
    action = [=](Workspace& workspace) {
      return *interval == 0 ? print_status(workspace) : watch_status(workspace, *interval);
    };
  });
  auto* list = app.add_subcommand("list", "Lists the names of this host's certificates");
  list->footer("Examples:\n  ccmctl list\n  ccmctl list --json");
  list->callback([&action] { action = list_certificates; });
  add_named(app, action, "show", "Shows everything about one of this host's certificates",
            show_certificate)
      ->footer("Example:\n  ccmctl show www");
  add_named(app, action, "history", "Lists the versions of a certificate that the store keeps",
            print_history)
      ->footer("Example:\n  ccmctl history www");
}

}  // namespace ccm::cli
