// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/delivery/export_commands.h"

#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/commands/delivery/archive.h"
#include "cli/commands/delivery/export_files.h"
#include "cli/commands/delivery/pca_export.h"
#include "cli/host/overview.h"
#include "cli/input/completion.h"
#include "cli/input/secret_input.h"
#include "cli/input/value_checks.h"

namespace ccm::cli {
namespace {

using crypto::Bundle;

// Asks for no password if no key store is written.
Result<Secret> password_for(const Workspace& workspace, const ExportOptions& options) {
  if (!options.password_file.empty()) return read_password(options.password_file);
  if (!wants_password(options.format) || workspace.options.dry_run) return Secret();
  return ask_new("password for the key store", "give --password-file");
}

Result<ExitCode> export_from_store(Workspace& workspace, const ExportOptions& options) {
  auto overview = look_at(workspace, options.subject);
  if (!overview) return pass(std::move(overview));
  if (!*overview) return ExitCode::not_found;
  if (!(*overview)->installed) {
    Terminal::say(fmt::format("ccmctl: {} has no certificate yet", options.subject));
    return ExitCode::not_found;
  }
  return write_export(workspace, (*overview)->installed->certificate->bundle, options.subject,
                      options);
}

// The operator's key, for a certificate whose key the cloud does not have.
Result<Secret> given_key(const ExportOptions& options) {
  if (options.key_file.empty()) return Secret();
  return read_input(options.key_file);
}

Result<ExitCode> export_from_scm(Workspace& workspace, const ExportOptions& options) {
  auto key = given_key(options);
  if (!key) return pass(std::move(key));
  auto cloud = workspace.cloud();
  if (!cloud) return pass(std::move(cloud));
  const auto answer =
      (*cloud)->call("scm.ExportCertificate", {{"certificate_id", options.subject}});
  if (!answer) return fail(answer.error());
  if (answer->is_preview) return ExitCode::ok;
  const auto root = answer->root();
  if (key->empty()) key = root["private_key"].secret();
  auto bundle = checked_bundle(root["certificate"].text(), root["certificate_chain"].text(), *key);
  if (!bundle) return fail_with(std::move(bundle), options.subject);
  return write_export(workspace, *bundle, options.subject, options);
}

Result<ExitCode> export_from_pca(Workspace& workspace, const ExportOptions& options) {
  auto key = given_key(options);
  if (!key) return pass(std::move(key));
  auto cloud = workspace.cloud();
  if (!cloud) return pass(std::move(cloud));
  const auto type = archive_type(options.format);
  const auto answer = (*cloud)->call("pca.ExportCertificate", {{"certificate_id", options.subject},
                                                               {"is_compressed", "true"},
                                                               {"type", std::string(type)}});
  if (!answer) return fail(answer.error());
  if (answer->is_preview) return ExitCode::ok;
  auto bundle = read_pca_export(*answer, type, *key);
  if (!bundle) return fail_with(std::move(bundle), options.subject);
  return write_export(workspace, *bundle, options.subject, options);
}

using Export = Result<ExitCode> (*)(Workspace&, const ExportOptions&);

void add_cloud_export(CLI::App& parent, Action& action, const char* operation, Export act) {
  auto options = std::make_shared<ExportOptions>();
  auto* command = parent.add_subcommand(
      "export", fmt::format("Writes certificate, chain and key as files ({})", operation));
  command->add_option("CERTIFICATE-ID", options->subject, "the certificate")->required();
  add_export_options(*command, *options);
  command
      ->add_option("--private-key-file", options->key_file,
                   "the key, when the cloud does not have it")
      ->type_name(kFile);
  command->footer(
      fmt::format("Example:\n  ccmctl {} export ID --format tomcat --zip", parent.get_name()));
  command->callback(
      [=, &action] { action = [=](Workspace& workspace) { return act(workspace, *options); }; });
}

}  // namespace

void add_export_options(CLI::App& command, ExportOptions& options) {
  command.add_option("--format", options.format, join(export_formats(), ", "))
      ->type_name(join(export_formats(), "|"))
      ->capture_default_str()
      ->check(one_of(export_formats()));
  command.add_option("--output,-o", options.directory, "directory for the files")
      ->type_name(kDirectory)
      ->capture_default_str();
  command
      .add_option("--password-file", options.password_file,
                  "file with the key store's password; - for standard input")
      ->type_name(kFile);
  command.add_flag("--zip", options.zip, "write one NAME_FORMAT.zip instead of the files");
  command.add_flag("--force", options.force, "replace existing files");
}

Result<ExitCode> write_export(Workspace& workspace, const Bundle& bundle, const std::string& name,
                              const ExportOptions& options) {
  auto password = password_for(workspace, options);
  if (!password) return pass(std::move(password));
  auto files = export_files(bundle, options.format, name, *password, workspace.clock().now());
  if (!files) return pass(std::move(files));
  return write_exported(workspace, *std::move(files),
                        {name, options.format, options.directory, options.zip, options.force});
}

Result<ExitCode> write_exported(const Workspace& workspace, std::vector<ExportedFile> files,
                                const Destination& destination) {
  if (destination.zip) {
    auto archive = zip(files);
    if (!archive) return pass(std::move(archive));
    files.clear();
    files.push_back(
        {fmt::format("{}_{}.zip", destination.name, destination.format), *std::move(archive)});
  }
  std::vector<std::string> paths;
  for (const auto& file : files) {
    paths.push_back(fmt::format("{}/{}", destination.directory, file.name));
  }
  if (workspace.options.dry_run) {
    auto absent = destination.force ? Result<void>() : check_absent(destination.directory, files);
    if (!absent) return pass(std::move(absent));
    return print_dry_run(workspace, fmt::format("{} would be written", join(paths, ", ")));
  }
  auto done = write_files(destination.directory, files, destination.force);
  if (!done) return pass(std::move(done));
  if (workspace.options.json) {
    cloud::JsonObject object;
    object.set_texts("files", paths);
    return print_object(std::move(object));
  }
  for (const std::string& path : paths) Terminal::print(path + "\n");
  return ExitCode::ok;
}

void add_export_commands(CLI::App& app, Action& action) {
  auto options = std::make_shared<ExportOptions>();
  auto* command = app.add_subcommand("export", "Writes one of this host's certificates as files");
  command->add_option("NAME", options->subject, "the certificate")->required();
  add_export_options(*command, *options);
  command->footer(
      "Examples:\n"
      "  ccmctl export www --format tomcat --zip\n"
      "  ccmctl export www --format pkcs12 --password-file pass.txt -o /etc/app");
  command->callback([=, &action] {
    action = [=](Workspace& workspace) { return export_from_store(workspace, *options); };
  });
  add_cloud_export(group(app, "certificates", ""), action, "scm.ExportCertificate",
                   export_from_scm);
  add_cloud_export(group(app, "private-certificates", ""), action, "pca.ExportCertificate",
                   export_from_pca);
}

}  // namespace ccm::cli
