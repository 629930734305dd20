// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/host/overview.h"
#include "cli/host/overview_object.h"
#include "cli/host/state_directory.h"
#include "cli/output/table.h"

namespace ccm::cli {
namespace {

using cloud::JsonObject;

Result<ExitCode> list_certificates(Workspace& workspace) {
  if (say_wrong_directory(workspace)) return ExitCode::not_found;
  auto all = look_at_all(workspace, workspace.options.json ? Depth::leaf : Depth::records);
  if (!all) return pass(std::move(all));
  if (workspace.options.json) {
    auto printed = print_object(object_of(*all, **workspace.settings(), workspace.clock().now()));
    return printed ? say_flaws(workspace) : printed;
  }
  for (const Overview& overview : *all) {
    if (!overview.is_forgotten) Terminal::print(overview.name + "\n");
  }
  return say_flaws(workspace);
}

std::string held_text(const Overview& overview) {
  if (!overview.is_held()) return "";
  if (overview.refused_canary == 0) return " (held)";
  return fmt::format(" (held, because handshakes failed with version {})", overview.refused_canary);
}

std::string canary_text(const Overview& overview) {
  const lifecycle::Activation& staged = *overview.staged;
  return fmt::format(
      "version {} with {}% of the handshakes, until {}: {} of {} failed with it, and {} of {} with "
      "the current version",
      staged.version, overview.spec->canary.percent, format_time(staged.at),
      overview.canary.candidate.failed(), overview.canary.candidate.shown(),
      overview.canary.current.failed(), overview.canary.current.shown());
}

// The lines that `show` prints: a label and a value each.
class Sheet {
 public:
  explicit Sheet(const Terminal& terminal) : terminal_(terminal) {}

  void add(std::string_view label, std::string_view value) {
    text_ += fmt::format("{} {}\n", paint(Colour::bold, fmt::format("{:<13}", label)), value);
  }
  std::string paint(Colour colour, std::string_view text) const {
    return terminal_.paint(colour, text);
  }
  const std::string& text() const noexcept { return text_; }

 private:
  const Terminal& terminal_;
  std::string text_;
};

void add_installed(Sheet& sheet, Workspace& workspace, const Overview& overview, Time now) {
  const auto& bundle = overview.installed->certificate->bundle;
  const auto& info = overview.installed->info;
  sheet.add("left", sheet.paint(health_of(overview, now).colour, bar(info, now)));
  if (!overview.servings.empty()) sheet.add("served", served_text(overview));
  sheet.add("version", fmt::format("{}{}", info.number, held_text(overview)));
  sheet.add("valid from", format_time(info.not_before));
  sheet.add("valid until", format_time(info.not_after));
  sheet.add("subject", printable(bundle.leaf().subject()));
  sheet.add("issuer", printable(bundle.leaf().issuer()));
  sheet.add("key", crypto::to_string(bundle.key().type()));
  sheet.add("serial", printable(info.serial));
  sheet.add("SHA-256", printable(info.fingerprint));
  sheet.add("came from", printable(info.origin));
  sheet.add("installed", format_time(info.installed_at));
  const std::string directory = workspace.store().directory_of(overview.name);
  if (!directory.empty()) sheet.add("files", directory);
}

std::string sheet_of(Workspace& workspace, const Overview& overview, Time now) {
  Sheet sheet(workspace.terminal);
  const Health health = health_of(overview, now);
  sheet.add("name", overview.name);
  sheet.add("source", printable(source_of(overview)));
  sheet.add("names", printable(names_of(overview)));
  sheet.add("state", sheet.paint(health.colour, health.word()));
  if (overview.installed) add_installed(sheet, workspace, overview, now);
  if (const auto& staged = overview.staged; staged && staged->canary) {
    sheet.add("canary", canary_text(overview));
  } else if (staged) {
    sheet.add("staged", fmt::format("version {}, shown from {} on ({})", staged->version,
                                    format_time(staged->at),
                                    printable(to_string(overview.spec->activation))));
  }
  sheet.add("next", printable(next_step(overview, now)));
  if (const Error* error = overview.error()) sheet.add("last error", printable(error->message()));
  return sheet.text();
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
  Terminal::print(sheet_of(workspace, **overview, now));
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
    const bool is_staged = (*overview)->staged && (*overview)->staged->version == info.number;
    objects.back().set_flag("is_staged", is_staged);
    const std::string_view mark = is_staged                          ? "staged"
                                  : !is_current                      ? ""
                                  : (*overview)->held == info.number ? "held"
                                                                     : "current";
    table.add({{fmt::format("{}", info.number)},
               {std::string(mark), is_staged ? Colour::yellow : Colour::green},
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

void add_look_commands(CLI::App& app, Action& action) {
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
