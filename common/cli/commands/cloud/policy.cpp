// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/cloud/permissions.h"
#include "cli/commands/commands.h"
#include "cli/output/render.h"

namespace ccm::cli {
namespace {

struct PolicyOptions {
  std::vector<std::string> sources;
  std::vector<std::string> certificates;
  bool explains = false;
};

Result<std::set<SourceKind>> kinds_of_host(Workspace& workspace) {
  const auto settings = workspace.settings();
  if (!settings) return fail(settings.error());
  std::set<SourceKind> kinds;
  for (const auto& each : **settings) {
    for (const auto& spec : each.config.certificates()) kinds.insert(kind_of(spec.source));
  }
  if (kinds.empty()) {
    return fail(ErrorKind::invalid,
                "no web server of this host has certificates to write a policy for; say with "
                "--source what they will come from: scm, pca or pca-cloud-key");
  }
  return kinds;
}

Result<std::set<SourceKind>> choose_kinds(Workspace& workspace, const PolicyOptions& options) {
  if (options.sources.empty() && options.certificates.empty()) return kinds_of_host(workspace);
  std::set<SourceKind> kinds;
  for (const std::string& name : options.sources) kinds.insert(*parse_source_kind(name));
  for (const std::string& name : options.certificates) {
    const auto spec = workspace.find_spec(name);
    if (!spec) return fail(spec.error());
    if (*spec == nullptr) {
      return fail(ErrorKind::invalid,
                  fmt::format("no web server of this host has a certificate \"{}\"; `ccmctl list` "
                              "shows all",
                              printable(name)));
    }
    kinds.insert(kind_of((*spec)->source));
  }
  return kinds;
}

Result<ExitCode> explain(const Workspace& workspace, const std::vector<Need>& needs) {
  if (workspace.options.json) {
    std::vector<cloud::JsonObject> actions(needs.size());
    for (std::size_t i = 0; i < needs.size(); ++i) {
      actions[i]
          .set("action", needs[i].operation->iam_action)
          .set("operation", needs[i].operation->full_name())
          .set("purpose", needs[i].purpose);
    }
    cloud::JsonObject answer;
    answer.set_objects("actions", std::move(actions));
    return print_object(std::move(answer));
  }
  Table table({"ACTION", "OPERATION", "WHAT FOR"});
  for (const Need& need : needs) {
    table.add({{std::string(need.operation->iam_action)},
               {need.operation->full_name()},
               {std::string(need.purpose)}});
  }
  Terminal::print(table.text(workspace.terminal));
  return ExitCode::ok;
}

// The form of IAM's custom policies for role/policy-based authorization, version 1.1. None of these
// actions can be narrowed to single resources there.
Result<ExitCode> print_policy(const std::vector<Need>& needs) {
  std::vector<cloud::JsonObject> statements(1);
  statements.front().set("Effect", "Allow").set_texts("Action", actions_of(needs));
  cloud::JsonObject policy;
  policy.set("Version", "1.1").set_objects("Statement", std::move(statements));
  return print_object(std::move(policy));
}

Result<ExitCode> run(Workspace& workspace, const PolicyOptions& options) {
  const auto kinds = choose_kinds(workspace, options);
  if (!kinds) return fail(kinds.error());
  const std::vector<Need> needs = needs_of(*kinds);
  return options.explains ? explain(workspace, needs) : print_policy(needs);
}

}  // namespace

void add_policy(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand(
      "policy",
      "Prints the IAM policy with exactly the actions that this host's certificates need");
  auto options = std::make_shared<PolicyOptions>();
  const auto names = source_kind_names();
  command
      ->add_option("--source", options->sources,
                   "instead of this host's sources: scm, pca, or pca-cloud-key (key made by PCA)")
      ->check(CLI::IsMember(std::vector<std::string>(names.begin(), names.end())).description(""));
  command->add_option("--certificate", options->certificates,
                      "only for the certificate NAME of this host");
  command->add_flag("--explain", options->explains, "show what each action is for, as a table");
  command->footer(
      "Paste it into IAM as a custom policy in JSON, and attach that policy to the agent's user "
      "or agency.\n\n"
      "Examples:\n  ccmctl policy > policy.json\n  ccmctl policy --source scm --explain");
  command->callback([options, &action] {
    action = [options](Workspace& workspace) { return run(workspace, *options); };
  });
}

}  // namespace ccm::cli
