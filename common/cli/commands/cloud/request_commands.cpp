// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "base/file.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/commands/delivery/export_commands.h"
#include "cli/host/overview.h"
#include "cli/input/completion.h"
#include "cli/input/secret_input.h"
#include "cli/input/value_checks.h"
#include "crypto/certificate/names.h"
#include "crypto/certificate/pem.h"
#include "crypto/key/signing_request.h"

namespace ccm::cli {
namespace {

using crypto::Bundle;

struct ScmImportOptions {
  std::string name;
  std::string certificate;
  std::string chain;
  std::string key;
  std::string stored;
};

Result<Bundle> bundle_to_import(Workspace& workspace, const ScmImportOptions& options) {
  if (!options.stored.empty()) {
    auto overview = look_at(workspace, options.stored);
    if (!overview) return pass(std::move(overview));
    if (*overview && (*overview)->installed) {
      return (*overview)->installed->certificate->bundle;
    }
    return fail(ErrorKind::invalid, fmt::format("{}: there is no certificate", options.stored));
  }
  if (options.certificate.empty() || options.key.empty()) {
    return fail(ErrorKind::invalid,
                "give --certificate-file and --private-key-file, or --from-store NAME");
  }
  const auto certificate = read_input(options.certificate);
  if (!certificate) return fail(certificate.error());
  const auto key = read_input(options.key);
  if (!key) return fail(key.error());
  auto chain = options.chain.empty() ? Result<Secret>(Secret()) : read_input(options.chain);
  if (!chain) return pass(std::move(chain));
  auto pair = crypto::KeyPair::parse_pem(key->reveal());
  if (!pair) return fail_with(std::move(pair), options.key);
  auto bundle = Bundle::parse_pem(certificate->reveal(), chain->reveal(), *std::move(pair));
  if (!bundle) {
    return fail(
        std::move(bundle).error().with_context(options.certificate).with_kind(ErrorKind::invalid));
  }
  return bundle;
}

// Sends leaf and chain apart, as the vendor's SDK does.
Result<ExitCode> import_into_scm(Workspace& workspace, const ScmImportOptions& options) {
  auto bundle = bundle_to_import(workspace, options);
  if (!bundle) return pass(std::move(bundle));
  auto key = bundle->key().to_pem();
  if (!key) return pass(std::move(key));
  const std::vector<crypto::Certificate> chain(bundle->chain().begin() + 1, bundle->chain().end());
  cloud::Arguments arguments =
      to_arguments({{"name", options.name}, {"certificate", bundle->leaf().to_pem()}});
  if (!chain.empty()) {
    arguments.parameters.push_back(
        {"certificate_chain", Secret::copy_of(std::string_view(crypto::to_pem(chain)))});
  }
  arguments.parameters.push_back({"private_key", *std::move(key)});
  auto cloud = workspace.cloud();
  if (!cloud) return pass(std::move(cloud));
  const auto answer =
      (*cloud)->call(**cloud::find_operation("scm.ImportCertificate"), std::move(arguments));
  if (!answer) return fail(answer.error());
  return print_answer(workspace, *answer);
}

void add_cloud_import(CLI::App& certificates, Action& action) {
  auto options = std::make_shared<ScmImportOptions>();
  auto* command = certificates.add_subcommand(
      "import", "Checks a certificate here, then imports it (scm.ImportCertificate)");
  command->add_option("--name", options->name, "its name in the cloud: 3 to 63 of A-Za-z0-9_.-")
      ->required();
  const auto add_file = [&](const char* name, std::string& path, const char* about) {
    command->add_option(name, path, about)->type_name(kFile);
  };
  add_file("--certificate-file", options->certificate,
           "PEM file: the certificate, or all of the chain");
  add_file("--certificate-chain-file", options->chain, "PEM file: the rest of the chain");
  add_file("--private-key-file", options->key, "PEM file; - for standard input");
  command->add_option("--from-store", options->stored, "take the certificate NAME of this host")
      ->type_name(kCertificate);
  command->footer(
      "Examples:\n"
      "  ccmctl certificates import --name www --certificate-file fullchain.pem "
      "--private-key-file privkey.pem\n"
      "  ccmctl certificates import --name app --from-store app");
  command->callback([=, &action] {
    action = [=](Workspace& workspace) { return import_into_scm(workspace, *options); };
  });
}

struct KeyOptions {
  std::vector<std::string> names;
  std::string key_type = "ecdsa:256";
  std::string key_file;
};

void add_key_options(CLI::App& command, KeyOptions& options) {
  command
      .add_option("--names", options.names, "names of the certificate, the first is the main one")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      .add_option("--key-type", options.key_type,
                  "rsa:2048, rsa:3072, rsa:4096, ecdsa:256 or ecdsa:384")
      ->type_name("rsa:2048|rsa:3072|rsa:4096|ecdsa:256|ecdsa:384")
      ->capture_default_str();
}

struct Requested {
  crypto::KeyPair key;
  std::string csr;
};

// A key made here, and the request that it signs.
Result<Requested> make_request(const KeyOptions& options) {
  std::vector<std::string> names;
  for (const std::string& given : options.names) {
    auto name = crypto::parse_server_name(given);
    if (!name) return pass(std::move(name));
    names.push_back(*std::move(name));
  }
  if (names.empty()) return fail(ErrorKind::invalid, "give --names NAME,NAME");
  const auto type = crypto::parse_key_type(options.key_type);
  if (!type) return fail(type.error());
  auto key = crypto::KeyPair::generate(*type);
  if (!key) return pass(std::move(key));
  auto csr = crypto::make_signing_request(*key, names);
  if (!csr) return pass(std::move(csr));
  return Requested{*std::move(key), *std::move(csr)};
}

struct UploadOptions {
  std::string name;
  std::string csr_file;
  KeyOptions key;
};

// Never sends the private key, although the service would accept it.
Result<ExitCode> upload_csr(Workspace& workspace, const UploadOptions& options) {
  std::string csr;
  if (!options.csr_file.empty()) {
    const auto text = read_input(options.csr_file);
    if (!text) return fail(text.error());
    csr = text->reveal();
  } else {
    if (options.key.key_file.empty()) {
      return fail(ErrorKind::invalid,
                  "give --csr-file, or --names and --key-file for a key made here");
    }
    auto made = make_request(options.key);
    if (!made) return pass(std::move(made));
    auto pem = made->key.to_pem();
    if (!pem) return pass(std::move(pem));
    if (!workspace.options.dry_run) {
      auto written = write_new_file(options.key.key_file, pem->reveal());
      if (!written) return pass(std::move(written));
    }
    csr = made->csr;
  }
  auto cloud = workspace.cloud();
  if (!cloud) return pass(std::move(cloud));
  const auto answer = (*cloud)->call("scm.UploadCsr", {{"name", options.name}, {"csr", csr}});
  if (!answer) return fail(answer.error());
  return print_answer(workspace, *answer);
}

void add_upload(CLI::App& csr, Action& action) {
  auto options = std::make_shared<UploadOptions>();
  auto* command =
      csr.add_subcommand("upload", "Uploads a CSR; the private key stays here (scm.UploadCsr)");
  command->add_option("--name", options->name, "its name in the cloud")->required();
  command->add_option("--csr-file", options->csr_file, "PEM file with the CSR")->type_name(kFile);
  command
      ->add_option("--key-file", options->key.key_file,
                   "new file for the key that is made for --names")
      ->type_name(kFile);
  add_key_options(*command, options->key);
  command->footer(
      "Examples:\n"
      "  ccmctl csr upload --name www --csr-file www.csr\n"
      "  ccmctl csr upload --name www --names www.example.com,example.com --key-file www.key");
  command->callback([=, &action] {
    action = [=](Workspace& workspace) { return upload_csr(workspace, *options); };
  });
}

struct IssueOptions {
  std::string issuer;
  unsigned days = 90;
  KeyOptions key;
  ExportOptions files;
};

Result<ExitCode> issue(Workspace& workspace, const IssueOptions& options) {
  auto made = make_request(options.key);
  if (!made) return pass(std::move(made));
  auto cloud = workspace.cloud();
  if (!cloud) return pass(std::move(cloud));
  const auto issued = (*cloud)->call("pca.CreateCertificateByCsr",
                                     {{"issuer_id", options.issuer},
                                      {"csr", made->csr},
                                      {"validity.type", "DAY"},
                                      {"validity.value", fmt::format("{}", options.days)},
                                      {"type", "ENTITY_CERT"}});
  if (!issued) return fail(issued.error());
  if (issued->is_preview) return ExitCode::ok;
  const std::string id = issued->root()["certificate_id"].text();
  Terminal::say(fmt::format("issued: {}", id));
  const auto answer =
      (*cloud)->call("pca.ExportCertificate",
                     {{"certificate_id", id}, {"is_compressed", "false"}, {"type", "OTHER"}});
  if (!answer) return fail(answer.error());
  auto bundle = Bundle::parse_pem(answer->root()["certificate"].text(),
                                  answer->root()["certificate_chain"].text(), std::move(made->key));
  if (!bundle) return fail_with(std::move(bundle), id);
  return write_export(workspace, *bundle, options.key.names.front(), options.files);
}

void add_issue(CLI::App& app, Action& action) {
  auto options = std::make_shared<IssueOptions>();
  auto* command = app.add_subcommand(
      "issue", "Has a private CA certify a key that is made on this host and never leaves it");
  command->add_option("--issuer-id", options->issuer, "the CA")->required();
  command->add_option("--days", options->days, "validity in days")
      ->capture_default_str()
      ->check(number({.what = "number of days"}));
  add_key_options(*command, options->key);
  add_export_options(*command, options->files);
  command->footer(
      "Example:\n  ccmctl issue --issuer-id CA_ID --names app.intra --days 90 -o /etc/app/tls");
  command->callback(
      [=, &action] { action = [=](Workspace& workspace) { return issue(workspace, *options); }; });
}

}  // namespace

void add_request_commands(CLI::App& app, Action& action) {
  add_issue(app, action);
  add_cloud_import(group(app, "certificates", ""), action);
  add_upload(group(app, "csr", ""), action);
}

}  // namespace ccm::cli
