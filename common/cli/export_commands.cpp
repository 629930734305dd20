#include "cli/export_commands.h"

#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/export_files.h"
#include "cli/overview.h"
#include "cli/secret_input.h"

namespace ccm::cli {
namespace {

using crypto::Bundle;

Result<Secret> password_for(const ExportOptions& options) {
  if (!options.password_file.empty()) return read_password(options.password_file);
  if (!wants_password(options.format)) return Secret();
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
  return write_export(workspace, (*overview)->installed->bundle, options.subject, options);
}

// The answer to either service's export; the key from a file when the cloud has none.
Result<Bundle> bundle_of(const Answer& answer, const std::string& key_file) {
  Secret key = answer.root()["private_key"].secret();
  if (!key_file.empty()) {
    auto text = read_input(key_file);
    if (!text) return pass(std::move(text));
    key = *std::move(text);
  }
  if (key.empty()) {
    return fail(ErrorKind::invalid,
                "the cloud does not have the private key of this certificate: give "
                "--private-key-file");
  }
  auto pair = crypto::KeyPair::parse_pem(key.reveal());
  if (!pair) return fail_with(std::move(pair), "private key");
  return Bundle::parse_pem(answer.root()["certificate"].text(),
                           answer.root()["certificate_chain"].text(), *std::move(pair));
}

Result<ExitCode> export_from_cloud(Workspace& workspace, const std::string& operation,
                                   const ExportOptions& options) {
  Words words = {{"certificate_id", options.subject}};
  if (operation.starts_with("pca.")) {
    words.insert(words.end(), {{"is_compressed", "false"}, {"type", "OTHER"}});
  }
  auto cloud = workspace.cloud();
  if (!cloud) return pass(std::move(cloud));
  const auto answer = (*cloud)->call(operation, words);
  if (!answer) return fail(answer.error());
  if (answer->is_preview) return ExitCode::ok;
  auto bundle = bundle_of(*answer, options.key_file);
  if (!bundle) return pass(std::move(bundle));
  return write_export(workspace, *bundle, options.subject, options);
}

void add_cloud_export(CLI::App& parent, Action& action, const char* operation) {
  auto options = std::make_shared<ExportOptions>();
  auto* command = parent.add_subcommand(
      "export", fmt::format("Writes certificate, chain and key as files ({})", operation));
  command->add_option("CERTIFICATE-ID", options->subject, "the certificate")->required();
  add_export_options(*command, *options);
  command->add_option("--private-key-file", options->key_file,
                      "the key, when the cloud does not have it");
  command->footer(
      fmt::format("Example:\n  ccmctl {} export ID --format tomcat --zip", parent.get_name()));
  const std::string name = operation;
  command->callback([=, &action] {
    action = [=](Workspace& workspace) { return export_from_cloud(workspace, name, *options); };
  });
}

}  // namespace

void add_export_options(CLI::App& command, ExportOptions& options) {
  command.add_option("--format", options.format, join(export_formats(), ", "))
      ->capture_default_str()
      ->check(CLI::IsMember(export_formats()).description(""));
  command.add_option("--output,-o", options.directory, "directory for the files")
      ->capture_default_str();
  command.add_option("--password-file", options.password_file,
                     "file with the key store's password; - for standard input");
  command.add_flag("--zip", options.zip, "one NAME_FORMAT.zip instead of the files");
  command.add_flag("--force", options.force, "replace files that are there");
}

Result<ExitCode> write_export(Workspace& workspace, const Bundle& bundle, const std::string& name,
                              const ExportOptions& options) {
  auto password = password_for(options);
  if (!password) return pass(std::move(password));
  auto files = export_files(bundle, options.format, name, *password, workspace.clock().now());
  if (!files) return pass(std::move(files));
  if (options.zip) {
    auto archive = zip(*files);
    if (!archive) return pass(std::move(archive));
    files->clear();
    files->push_back({fmt::format("{}_{}.zip", name, options.format), *std::move(archive)});
  }
  auto done = write_files(options.directory, *files, options.force);
  if (!done) return pass(std::move(done));
  for (const auto& file : *files) {
    Terminal::print(fmt::format("{}/{}\n", options.directory, file.name));
  }
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
  add_cloud_export(group(app, "certificates", ""), action, "scm.ExportCertificate");
  add_cloud_export(group(app, "private-certificates", ""), action, "pca.ExportCertificate");
}

}  // namespace ccm::cli
