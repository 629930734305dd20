// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/output/table.h"

namespace ccm::cli {
namespace {

std::string_view word_of(Verdict verdict) {
  return verdict == Verdict::good ? "ok" : verdict == Verdict::doubtful ? "look" : "bad";
}

Colour colour_of(Verdict verdict) {
  return verdict == Verdict::good       ? Colour::green
         : verdict == Verdict::doubtful ? Colour::yellow
                                        : Colour::red;
}

std::size_t count(const Findings& findings, Verdict verdict) {
  return static_cast<std::size_t>(
      std::count_if(findings.all().begin(), findings.all().end(),
                    [&](const Finding& finding) { return finding.verdict == verdict; }));
}

void print_for_people(const Terminal& terminal, const Findings& findings) {
  Table table({"", "WHAT", "FINDING"});
  for (const auto& [verdict, subject, sentence, remedy] : findings.all()) {
    table.add({{std::string(word_of(verdict)), colour_of(verdict)}, {subject}, {sentence}});
    if (!remedy.empty()) table.add({{}, {}, {"-> " + remedy, Colour::bold}});
  }
  Terminal::print(table.text(terminal));
  Terminal::print(fmt::format("{} bad, {} to look at, {} ok\n", count(findings, Verdict::bad),
                              count(findings, Verdict::doubtful), count(findings, Verdict::good)));
}

Result<ExitCode> print_findings(const Workspace& workspace, const Findings& findings) {
  const bool is_well = count(findings, Verdict::bad) == 0;
  if (workspace.options.json) {
    std::vector<cloud::JsonObject> objects;
    for (const auto& [verdict, subject, sentence, remedy] : findings.all()) {
      objects.emplace_back();
      objects.back()
          .set("verdict", word_of(verdict))
          .set("subject", subject)
          .set("finding", sentence)
          .set("remedy", remedy);
    }
    cloud::JsonObject answer;
    answer.set_flag("is_well", is_well).set_objects("findings", std::move(objects));
    if (auto printed = print_object(std::move(answer)); !printed) return printed;
  } else {
    print_for_people(workspace.terminal, findings);
  }
  return is_well ? ExitCode::ok : ExitCode::failed;
}

struct DoctorOptions {
  ModuleWish modules;
  bool is_offline = false;
};

Result<ExitCode> examine(Workspace& workspace, const DoctorOptions& options) {
  Findings findings;
  examine_store(workspace, findings);
  examine_settings(workspace, findings);
  examine_agents(workspace, findings);
  examine_certificates(workspace, findings);
  examine_orders(workspace, findings);
  examine_modules(workspace, options.modules, findings);
  examine_units(workspace, findings);
  if (!options.is_offline) examine_cloud(workspace, findings);
  return print_findings(workspace, findings);
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand(
      "doctor",
      "Looks for problems that could stop renewals, and says what helps. Changes nothing. Ends "
      "with 1 when something is bad");
  auto options = std::make_shared<DoctorOptions>();
  command->add_flag("--offline", options->is_offline, "check only this host, and call no cloud");
  command->add_option("--module", options->modules.module,
                      "FILE of a server module to check besides those in use");
  command
      ->add_option("--program", options->modules.program,
                   "FILE of the server (nginx, apache2) that is to load the module")
      ->needs("--module");
  command->footer(
      "Example:\n  ccmctl doctor\n  ccmctl doctor --offline --module ./ngx_ccm_module.so "
      "--program /usr/sbin/nginx");
  command->callback([options, &action] {
    action = [options](Workspace& workspace) { return examine(workspace, *options); };
  });
}

}  // namespace ccm::cli
