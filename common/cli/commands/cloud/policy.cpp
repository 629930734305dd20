// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/cloud/permissions.h"
#include "cli/commands/commands.h"
#include "cli/host/state_directory.h"
#include "cli/input/value_checks.h"
#include "cli/output/table.h"

namespace ccm::cli {
namespace {

struct PolicyOptions {
  std::vector<std::string> sources;
  std::vector<std::string> certificates;
  bool explains = false;
};

Result<SourceVariants> variants_of_host(Workspace& workspace) {
  const auto settings = workspace.settings();
  if (!settings) return fail(settings.error());
  SourceVariants variants;
  for (const auto& each : **settings) {
    for (const auto& spec : each.config.certificates()) variants.insert(variant_of(spec.source));
  }
  if (variants.empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("no web server of this host has certificates to write a policy for; "
                            "say with --source what they will come from: {}",
                            variants_in_words(" or ", false)));
  }
  return variants;
}

Result<SourceVariants> choose_variants(Workspace& workspace, const PolicyOptions& options) {
  if (options.sources.empty() && options.certificates.empty()) return variants_of_host(workspace);
  SourceVariants variants;
  for (const std::string& name : options.sources) variants.insert(name);
  for (const std::string& name : options.certificates) {
    const auto spec = workspace.find_spec(name);
    if (!spec) return fail(spec.error());
    if (*spec == nullptr) {
      return fail(ErrorKind::invalid,
                  fmt::format("no web server of this host has a certificate \"{}\"; `ccmctl list` "
                              "shows all",
                              printable(name)));
    }
    variants.insert(variant_of((*spec)->source));
  }
  return variants;
}

Result<ExitCode> explain(const Workspace& workspace, const std::vector<Need>& needs) {
  if (workspace.options.json) {
    std::vector<cloud::JsonObject> actions(needs.size());
    for (std::size_t i = 0; i < needs.size(); ++i) {
      actions[i]
          .set("action", needs[i].operation->iam_action)
          .set("operation", needs[i].operation->full_name())
          .set("purpose", needs[i].call->purpose);
    }
    cloud::JsonObject answer;
    answer.set_objects("actions", std::move(actions));
    return print_object(std::move(answer));
  }
  Table table({"ACTION", "OPERATION", "WHAT FOR"});
  for (const Need& need : needs) {
    table.add({{std::string(need.operation->iam_action)},
               {need.operation->full_name()},
               {std::string(need.call->purpose)}});
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
  // A policy can also be written before the first server starts.
  const auto wrong = find_wrong_directory(workspace.options);
  if (options.sources.empty() && wrong && !wrong->is_new_host) {
    say_wrong_directory(workspace);
    return ExitCode::not_found;
  }
  const auto variants = choose_variants(workspace, options);
  if (!variants) return fail(variants.error());
  const std::vector<Need> needs = needs_of(*variants);
  for (const std::string_view sentence : beyond_actions(*variants)) {
    Terminal::say(fmt::format("ccmctl: {}", sentence));
  }
  return options.explains ? explain(workspace, needs) : print_policy(needs);
}

}  // namespace

void add_policy(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand(
      "policy",
      "Prints the IAM policy with exactly the actions that this host's certificates need");
  auto options = std::make_shared<PolicyOptions>();
  const auto names = variant_names();
  command
      ->add_option(
          "--source", options->sources,
          fmt::format("instead of this host's sources: {}", variants_in_words(", or ", true)))
      ->check(one_of({names.begin(), names.end()}));
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
