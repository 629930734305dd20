// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <set>

#include "base/text.h"
#include "cli/answers/render.h"
#include "cli/commands/commands.h"
#include "cli/host/asking.h"
#include "cli/host/local_engine.h"
#include "cli/host/served.h"
#include "cli/host/state_directory.h"
#include "cli/host/store_access.h"
#include "cli/input/completion.h"
#include "cli/input/import_input.h"
#include "config/catalogue.h"
#include "config/source_kinds.h"
#include "config/values/identifiers.h"
#include "crypto/certificate/bundle.h"
#include "crypto/certificate/pem.h"
#include "lifecycle/attempt/installer.h"

namespace ccm::cli {
namespace {

using crypto::Bundle;
using crypto::KeyWithCertificates;
using store::VersionInfo;

// How many seconds to wait for the agent, which may be busy with this certificate at first.
constexpr int kImportPatience = 120;

struct ImportOptions {
  std::string name;
  ImportInput input;
};

Result<ExitCode> say_which_there_are(Workspace& workspace, const std::string& name) {
  auto settings = workspace.settings();
  if (!settings) return pass(std::move(settings));
  std::set<std::string> names;
  for (const auto& each : **settings) {
    for (const auto& spec : each.config.certificates()) names.insert(spec.name);
  }
  const std::vector<std::string> known(names.begin(), names.end());
  const std::string rest =
      known.empty() ? fmt::format("no server and no `ccmctl agent` has left its settings in {}",
                                  workspace.options.state_directory)
                    : fmt::format("the servers of this host have {}", join(known, ", "));
  Terminal::say(fmt::format(
      "ccmctl: there is no certificate \"{}\" in the configuration, so nobody would serve it; {}",
      printable(name), rest));
  return ExitCode::not_found;
}

// What is wrong is what the operator gave, wherever that is found out.
Failure as_usage(Error error, const std::string& name) {
  return fail(std::move(error).with_context(name).with_kind(ErrorKind::invalid));
}

bool is_installed(const store::StoreReader::Loaded& installed, const Bundle& bundle) {
  return installed.certificate && !installed.damage &&
         crypto::to_pem(installed.certificate->bundle.chain()) == crypto::to_pem(bundle.chain());
}

Result<VersionInfo> through_the_agent(Workspace& workspace, StoreAccess& access,
                                      const std::string& name, const KeyWithCertificates& content,
                                      const Bundle& bundle) {
  const auto asked = ask_leader(workspace, access,
                                {.wish = store::Wish::install,
                                 .name = name,
                                 .certificates = content.certificates,
                                 .key = content.key},
                                kImportPatience);
  if (!asked) return fail(asked.error());
  if (!asked->answer) {
    return fail(ErrorKind::pending,
                fmt::format("{}: the agent was asked and has not answered in {} s{}", name,
                            kImportPatience, withdraw(access, name, *asked)));
  }
  if (asked->answer->error) return fail(Error(*asked->answer->error).with_context(name));
  const auto loaded = access.store().load(name);
  if (loaded && is_installed(*loaded, bundle)) return loaded->certificate->info;
  return fail(ErrorKind::internal,
              fmt::format("{}: another version was installed right after it", name));
}

Result<VersionInfo> install(Workspace& workspace, const config::CertificateSpec& spec,
                            const KeyWithCertificates& content, const Bundle& bundle) {
  auto access = StoreAccess::enter(workspace);
  if (!access) return pass(std::move(access));
  if (access->lease() == nullptr) {
    return through_the_agent(workspace, *access, spec.name, content, bundle);
  }
  LocalEvents events(*access, workspace.clock());
  auto installed = lifecycle::Installer(access->store(), *access->lease(), events.stream())
                       .import(spec, bundle, workspace.clock().now());
  if (!installed) return fail_with(std::move(installed), spec.name);
  return installed;
}

void say_left_out(const std::string& name, const Bundle& bundle) {
  if (bundle.left_out().empty()) return;
  Terminal::say(
      fmt::format("{}: left out, as it does not serve the chain: {}", name, bundle.left_out()));
}

Result<void> check_is_given(const ImportInput& input) {
  if (!input.certificate.empty() || !input.pkcs12.empty() || !input.directory.empty()) return {};
  return fail(ErrorKind::invalid,
              "import: one of --certificate, --pkcs12 and --directory is needed");
}

std::string next_renewal_of(const config::CertificateSpec& spec) {
  return fmt::format("it is renewed from {} in time, or with `ccmctl renew {}`",
                     spec.source.kind().title, spec.name);
}

Result<ExitCode> import_certificate(Workspace& workspace, const ImportOptions& options) {
  const std::string& name = options.name;
  if (auto checked = check_is_given(options.input); !checked) return pass(std::move(checked));
  if (say_wrong_directory(workspace)) return ExitCode::not_found;
  auto spec = workspace.find_spec(name);
  if (!spec) return pass(std::move(spec));
  if (*spec == nullptr && !workspace.has_catalogue()) return say_which_there_are(workspace, name);
  // Read before the process changes to the store's owner.
  auto content = read_import(options.input);
  if (!content) return pass(std::move(content));
  const auto bundle = Bundle::make(content->certificates, content->key, workspace.clock().now());
  if (!bundle) return as_usage(bundle.error(), name);
  say_left_out(name, *bundle);
  std::optional<config::CertificateSpec> catalogued;
  if (*spec == nullptr) {
    // The name comes from the command line, so no configuration has checked it.
    if (auto checked = config::check_certificate_name(name); !checked) {
      return pass(std::move(checked));
    }
    spec = &catalogued.emplace(config::imported_spec(name, bundle->leaf().names()));
  }
  const auto loaded = workspace.store().load(name);
  if (!loaded) return fail(loaded.error());
  if (is_installed(*loaded, *bundle)) {
    const auto number = loaded->certificate->info.number;
    return report_change(workspace, workspace.options.state_directory,
                         {.name = name, .version = number, .before = number},
                         fmt::format("{}: version {} is this certificate already", name, number));
  }
  // Asks the gate already here, for its sentence. Whoever installs the certificate asks it again.
  auto admitted = lifecycle::judge_import(**spec, *loaded, *bundle, workspace.clock().now());
  if (!admitted) return as_usage(std::move(admitted).error(), name);
  if (workspace.options.dry_run) {
    return print_dry_run(workspace, fmt::format("{}: the certificate would be installed", name));
  }
  const auto info = install(workspace, **spec, *content, *bundle);
  if (!info) return fail(info.error());
  // install() has made the state directory the current one.
  return report_change(
      workspace, ".",
      {.name = name,
       .version = info->number,
       .before = loaded->certificate ? loaded->certificate->info.number : 0},
      fmt::format("{}: version {} is installed (serial {}, valid until {}); {}", name, info->number,
                  info->serial, format_time(info->not_after),
                  catalogued ? "a catalogue shows it; nobody renews it, so import the next one"
                             : next_renewal_of(**spec)));
}

constexpr const char* kImportFooter =
    "With a catalogue of the store, a certificate that no configuration names is shown by its own\n"
    "names.\n"
    "The certificate has to pass the same checks as one from the cloud: names, key, dates and "
    "chain,\n"
    "and it must not end before the installed one. A chain in the wrong order is put in order.\n"
    "Running servers use the certificate at once. The agent leaves it alone until its renewal is "
    "due,\n"
    "and then gets the next one from the cloud.\n\n"
    "Examples:\n"
    "  ccmctl import www --certificate www.crt --chain ca-bundle.crt --key www.key\n"
    "  ccmctl import www --directory /etc/letsencrypt/live/www.example.com\n"
    "  ccmctl import www --directory /etc/apache2/md/domains/www.example.com\n"
    "  ccmctl import www --pkcs12 www.pfx --password-file password.txt\n"
    "  ccmctl import www --dry-run --certificate fullchain.pem --key privkey.pem";

}  // namespace

void add_local_import(CLI::App& app, Action& action) {
  auto options = std::make_shared<ImportOptions>();
  auto* command = app.add_subcommand(
      "import",
      "Installs a certificate from files, such as those of certbot, mod_md or another CA");
  command
      ->add_option(
          "NAME", options->name,
          "the certificate's name in the configuration; any name when a server has a catalogue")
      ->required();
  ImportInput& input = options->input;
  const auto add_file = [&](const char* name, std::string& value, const char* about) {
    return command->add_option(name, value, about)->type_name(kFile);
  };
  auto* certificate = add_file("--certificate", input.certificate,
                               "the certificate in PEM, with or without chain and key");
  auto* key = add_file("--key", input.key, "its private key, in PEM");
  auto* chain = add_file("--chain", input.chain, "the certificates of its authorities, in PEM");
  auto* pkcs12 =
      add_file("--pkcs12", input.pkcs12, "a .p12 or .pfx file with certificate, chain and key");
  auto* directory = command
                        ->add_option("--directory", input.directory,
                                     "directory with privkey.pem and fullchain.pem, pubcert.pem, "
                                     "or cert.pem and chain.pem")
                        ->type_name(kDirectory);
  add_file("--password-file", input.password_file,
           "file with the key's password; without it, ccmctl asks for the password");
  for (auto* option : {key, chain}) option->needs(certificate);
  pkcs12->excludes(certificate);
  directory->excludes(certificate)->excludes(pkcs12);
  command->footer(kImportFooter);
  command->callback([=, &action] {
    action = [=](Workspace& workspace) { return import_certificate(workspace, *options); };
  });
}

}  // namespace ccm::cli
