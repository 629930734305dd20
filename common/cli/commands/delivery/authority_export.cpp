// SPDX-License-Identifier: Apache-2.0
// ca export: writes the certificates of a private CA and of the CAs above it, for servers and
// clients to trust.
#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/commands/delivery/archive.h"
#include "cli/commands/delivery/export_commands.h"
#include "cli/input/completion.h"
#include "cli/input/value_checks.h"
#include "crypto/certificate/pem.h"

namespace ccm::cli {
namespace {

using crypto::Certificate;

struct AuthorityOptions {
  std::string id;
  std::string format = "nginx";
  std::string directory;
  bool zip = false;
  bool force = false;
};

const std::vector<std::string>& formats() {
  static const auto* const kFormats =
      new std::vector<std::string>{"nginx", "apache", "iis", "other"};
  return *kFormats;
}

// The CA first, then those above it; each is the issuer of the one before.
Result<std::vector<Certificate>> read_path(const Answer& answer) {
  auto path = crypto::parse_certificates_pem(answer.root()["certificate"].text());
  if (!path) return path;
  auto chain = crypto::parse_certificates_pem(answer.root()["certificate_chain"].text());
  if (!chain) return chain;
  if (path->empty()) return fail(ErrorKind::rejected, "the answer has no certificate");
  for (Certificate& each : *chain) {
    if (each.fingerprint() != path->back().fingerprint()) path->push_back(std::move(each));
  }
  for (std::size_t i = 0; i < path->size(); ++i) {
    const bool is_issued = i + 1 == path->size() || (*path)[i].is_issued_by((*path)[i + 1]);
    if (!(*path)[i].is_ca() || !is_issued) {
      return fail(ErrorKind::rejected,
                  fmt::format("{} is no CA, or not issued by the next one of the chain",
                              (*path)[i].subject()));
    }
  }
  return path;
}

std::vector<ExportedFile> files_of(const std::vector<Certificate>& path,
                                   const std::string& format) {
  std::vector<ExportedFile> files;
  const auto add = [&](std::string name, std::string_view text) {
    files.push_back({std::move(name), Secret::copy_of(text)});
  };
  if (format == "iis") {
    // Windows imports them separately: the last one as a root, the others as intermediates.
    for (std::size_t i = 0; i < path.size(); ++i) {
      const auto der = path[i].to_der();
      files.push_back({i == 0 ? "ca.cer" : fmt::format("chain{}.cer", i),
                       Secret::copy_of(std::span<const std::byte>(der))});
    }
    return files;
  }
  if (format == "nginx") {
    add("ca.crt", crypto::to_pem(path));
    return files;
  }
  const char* end = format == "apache" ? "crt" : "pem";
  add(fmt::format("ca.{}", end), path.front().to_pem());
  const std::vector<Certificate> above(path.begin() + 1, path.end());
  if (!above.empty()) add(fmt::format("chain.{}", end), crypto::to_pem(above));
  return files;
}

Result<ExitCode> export_authority(Workspace& workspace, const AuthorityOptions& options) {
  auto cloud = workspace.cloud();
  if (!cloud) return pass(std::move(cloud));
  const auto answer =
      (*cloud)->call("pca.ExportCertificateAuthorityCertificate", {{"ca_id", options.id}});
  if (!answer) return fail(answer.error());
  if (answer->is_preview) return ExitCode::ok;
  const auto path = read_path(*answer);
  if (!path) return fail(Error(path.error()).with_context(options.id));
  if (options.directory.empty() && !options.zip) {
    if (workspace.options.json) return print_answer(workspace, *answer);
    Terminal::print(crypto::to_pem(*path));
    return ExitCode::ok;
  }
  return write_exported(workspace, files_of(*path, options.format),
                        {.name = options.id,
                         .format = options.format,
                         .directory = options.directory.empty() ? "." : options.directory,
                         .zip = options.zip,
                         .force = options.force});
}

}  // namespace

void add_authority_export(CLI::App& app, Action& action) {
  auto options = std::make_shared<AuthorityOptions>();
  auto* command =
      group(app, "ca", "")
          .add_subcommand(
              "export",
              "Exports the CA's certificate and those above it; prints PEM without --output "
              "(pca.ExportCertificateAuthorityCertificate)");
  command->add_option("CA-ID", options->id, "the CA")->required();
  command
      ->add_option("--format", options->format,
                   "nginx (ca.crt), apache (ca.crt, chain.crt), iis (DER) or other (PEM)")
      ->capture_default_str()
      ->type_name(join(formats(), "|"))
      ->check(one_of(formats()));
  command->add_option("--output,-o", options->directory, "directory for the files")
      ->type_name(kDirectory);
  command->add_flag("--zip", options->zip, "write one ID_FORMAT.zip instead of the files");
  command->add_flag("--force", options->force, "replace existing files");
  command->footer(
      "Examples:\n"
      "  ccmctl ca export CA_ID\n"
      "  ccmctl ca export CA_ID --format apache -o /etc/apache2/ca");
  command->callback([=, &action] {
    action = [=](Workspace& workspace) { return export_authority(workspace, *options); };
  });
}

}  // namespace ccm::cli
