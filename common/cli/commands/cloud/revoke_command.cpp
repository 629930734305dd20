// SPDX-License-Identifier: Apache-2.0
// revoke: revokes a certificate at the service that issued it, after a question.
#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/host/cloud_subject.h"
#include "cli/input/secret_input.h"
#include "cli/input/value_checks.h"

namespace ccm::cli {
namespace {

struct RevokeOptions {
  std::string subject;
  std::string reason = "UNSPECIFIED";
  bool yes = false;
};

// The reasons of PCA; SCM takes any text.
std::vector<std::string> reasons() {
  const cloud::Operation& operation = **cloud::find_operation("pca.RevokeCertificate");
  std::vector<std::string> all;
  for (const auto reason : split(operation.find("reason")->choices, '|')) all.emplace_back(reason);
  return all;
}

std::string describe_revocation(const CloudSubject& subject) {
  std::string place = fmt::format("{} of {}", subject.id, cloud::to_string(subject.service));
  if (subject.name.empty()) return place;
  return fmt::format("{} (serial {}, {})", subject.name, subject.serial, place);
}

// A refusal may mean that there is nothing left to do (docs/design/flows.md, "Revocation").
bool is_revoked_already(CloudAccess& cloud, const CloudSubject& subject) {
  const auto shown = cloud.call(
      subject.service == cloud::Service::pca ? "pca.ShowCertificate" : "scm.ShowCertificate",
      {{"certificate_id", subject.id}});
  // SCM has four spellings of this state.
  return shown && shown->root()["status"].text().starts_with("REVOK");
}

Result<ExitCode> report(const Workspace& workspace, const CloudSubject& subject,
                        const std::string& reason) {
  if (workspace.options.json) {
    cloud::JsonObject object;
    object.set("certificate_id", subject.id);
    if (reason.empty()) {
      object.set_flag("was_revoked_already", true);
    } else {
      object.set("reason", reason);
    }
    return print_object(std::move(object));
  }
  Terminal::say(fmt::format("{}: {}", reason.empty() ? "revoked already" : "revoked",
                            describe_revocation(subject)));
  if (!subject.name.empty()) {
    Terminal::say(
        subject.is_configured
            ? fmt::format("the servers still have it: `ccmctl renew {}` gets another one",
                          subject.name)
            : fmt::format("no server has it in its configuration: `ccmctl forget {}` removes it",
                          subject.name));
  }
  return ExitCode::ok;
}

Result<ExitCode> revoke(Workspace& workspace, const RevokeOptions& options) {
  const auto found = find_subject(workspace, options.subject);
  if (!found) return fail(found.error());
  if (!*found) return ExitCode::not_found;
  const CloudSubject& subject = **found;
  if (!options.yes && !workspace.options.dry_run) {
    const auto agreed =
        confirm(fmt::format("revoke {}, which cannot be undone", describe_revocation(subject)),
                "give --yes");
    if (!agreed) return fail(agreed.error());
    if (!*agreed) {
      Terminal::say("nothing was revoked");
      return ExitCode::failed;
    }
  }
  auto cloud = workspace.cloud();
  if (!cloud) return pass(std::move(cloud));
  const bool is_private = subject.service == cloud::Service::pca;
  const auto answer = (*cloud)->call(
      is_private ? "pca.RevokeCertificate" : "scm.V2RevokeCertificate",
      {{is_private ? "certificate_id" : "cert_id", subject.id}, {"reason", options.reason}});
  if (!answer && is_revoked_already(**cloud, subject)) return report(workspace, subject, {});
  if (!answer) return fail(answer.error());
  if (answer->is_preview) return ExitCode::ok;
  return report(workspace, subject, options.reason);
}

}  // namespace

void add_revoke(CLI::App& app, Action& action) {
  auto options = std::make_shared<RevokeOptions>();
  auto* command =
      app.add_subcommand("revoke", "Revokes a certificate at the service that issued it");
  command
      ->add_option("NAME", options->subject,
                   "one of this host's certificates (its current version), or the id of a "
                   "certificate in the cloud")
      ->required();
  command->add_option("--reason", options->reason, join(reasons(), ", "))
      ->capture_default_str()
      ->type_name(join(reasons(), "|"))
      ->check(one_of(reasons(), Case::ignored));
  command->add_flag("--yes,-y", options->yes, "do not ask");
  command->footer(
      "Examples:\n"
      "  ccmctl revoke www --reason KEY_COMPROMISE\n"
      "  ccmctl revoke scs1600000000000 --reason SUPERSEDED --yes");
  command->callback(
      [=, &action] { action = [=](Workspace& workspace) { return revoke(workspace, *options); }; });
}

}  // namespace ccm::cli
