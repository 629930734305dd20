// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/cloud/shortcuts.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>

#include "cli/answers/listing.h"
#include "cli/answers/render.h"
#include "cli/cloud/consequence.h"
#include "cli/commands/commands.h"
#include "cli/input/completion.h"
#include "cli/input/operation_input.h"
#include "cloud/api/paging.h"

namespace ccm::cli {
namespace {

using cloud::Operation;

constexpr std::string_view kCertificateColumns = "id,name,domain,sans,type,status,expire_time";
constexpr std::string_view kPrivateColumns =
    "certificate_id,distinguished_name.common_name,issuer_name,status,not_after";

constexpr auto kShortcuts = std::to_array<Shortcut>({
    {"certificates", "list", "scm.ListCertificates", kCertificateColumns,
     "--status ISSUED --limit 50"},
    {"certificates", "show", "scm.ShowCertificate", "", "scs1600000000000"},
    {"certificates", "delete", "scm.DeleteCertificate", "", "scs1600000000000"},
    {"certificates", "buy", "scm.SubscribeCertificate", "",
     "--cert-brand GEOTRUST --cert-type DV_SSL_CERT --domain-type SINGLE_DOMAIN --effective-time 1 "
     "--domain-numbers 1 --order-number 1 --agree-privacy-protection --dry-run"},
    {"certificates", "apply", "scm.ApplyCertificate", "",
     "scs1600000000000 --domain www.example.com --domain-method DNS --applicant-name A "
     "--applicant-phone 13000000000 --applicant-email a@example.com --agree-privacy-protection"},
    {"certificates", "cancel", "scm.CancelCertificateRequest", "", "scs1600000000000"},
    {"certificates", "refund", "scm.UnsubscribeCertificate", "", "scs1600000000000"},
    {"certificates", "revoke", "scm.V2RevokeCertificate", "",
     "scs1600000000000 --reason superseded"},
    {"certificates", "rename", "scm.V2ModifyCertificate", "",
     "scs1600000000000 --modify-key CERT_NAME --modify-value www"},
    {"certificates", "push", "scm.PushCertificate", "",
     "scs1600000000000 --target-service ELB --target-project ap-southeast-1"},
    {"certificates", "batch-push", "scm.BatchPushCertificate",
     "project_name,cert_id,cert_name,message",
     "scs1600000000000 --target-service WAF --target-projects ap-southeast-1 --target-projects "
     "ap-southeast-3"},
    {"certificates", "push-history", "scm.V2ListPushHistory", "", "scs1600000000000"},
    {"certificates", "deploy", "scm.DeployCertificate", "",
     "scs1600000000000 --service-name CDN --resources domain_name=www.example.com"},
    {"certificates", "deployed", "scm.ListDeployedResources", "",
     "--certificate-ids scs1600000000000 --service-names ALL"},
    {"certificates", "tags", "scm.ListTagsByCertificate", "key,value", "scs1600000000000"},
    {"certificates", "find-by-tag", "scm.ListCertificatesByTag", "resource_id,resource_name",
     "--action filter --tags key=env,values=prod"},
    {"certificates", "change-tags", "scm.BatchCreateOrDeleteTags", "",
     "scs1600000000000 --action create --tags key=env,value=prod"},
    {"certificates", "notify", "scm.EnableNotification", "", ""},
    {"certificates", "do-not-notify", "scm.DisableNotification", "", ""},
    {"csr", "create", "scm.CreateCsr", "",
     "--name www --domain-name www.example.com --private-key-algo EC_P256 --usage PERSONAL"},
    {"csr", "list", "scm.ListCsr", "id,name,domain_name,sans,private_key_algo,create_time", ""},
    {"csr", "show", "scm.ShowCsr", "", "0123456789abcdef0123456789abcdef"},
    {"csr", "rename", "scm.UpdateCsr", "", "0123456789abcdef0123456789abcdef --name www2"},
    {"csr", "delete", "scm.DeleteCsr", "", "0123456789abcdef0123456789abcdef"},
    {"csr", "private-key", "scm.ShowCsrPrivateKey", "",
     "0123456789abcdef0123456789abcdef --output key.json"},
    {"ca", "list", "pca.ListCertificateAuthority",
     "ca_id,type,distinguished_name.common_name,status,key_algorithm,not_after",
     "--status ACTIVED"},
    {"ca", "show", "pca.ShowCertificateAuthority", "", "CA_ID"},
    {"ca", "create", "pca.CreateCertificateAuthority", "",
     "--type ROOT --key-algorithm EC384 --signature-algorithm SHA384 --validity-type YEAR "
     "--validity-value 10 --common-name 'Example Root' --country CN --state G --locality S "
     "--organization E --organizational-unit IT"},
    {"ca", "activate", "pca.IssueCertificateAuthorityCertificate", "",
     "CA_ID --issuer-id ROOT_ID --path-length 0 --signature-algorithm SHA256 --validity-type YEAR "
     "--validity-value 5"},
    {"ca", "csr", "pca.ExportCertificateAuthorityCsr", "", "CA_ID"},
    {"ca", "import", "pca.ImportCertificateAuthorityCertificate", "",
     "CA_ID --certificate-file ca.pem --certificate-chain-file chain.pem"},
    {"ca", "disable", "pca.DisableCertificateAuthority", "", "CA_ID"},
    {"ca", "enable", "pca.EnableCertificateAuthority", "", "CA_ID"},
    {"ca", "delete", "pca.DeleteCertificateAuthority", "", "CA_ID --pending-days 7"},
    {"ca", "restore", "pca.RestoreCertificateAuthority", "", "CA_ID"},
    {"ca", "revoke", "pca.RevokeCertificateAuthority", "", "CA_ID --reason SUPERSEDED"},
    {"ca", "quota", "pca.ShowCertificateAuthorityQuota", "", ""},
    {"ca", "enable-crl", "pca.EnableCertificateAuthorityCrl", "",
     "CA_ID --obs-bucket-name bucket --valid-days 7"},
    {"ca", "disable-crl", "pca.DisableCertificateAuthorityCrl", "", "CA_ID"},
    {"ca", "ocsp", "pca.UpdateOcspSwitch", "", "CA_ID --ocsp-switch"},
    {"ca", "tags", "pca.ListCaTags", "key,value", "CA_ID"},
    {"private-certificates", "list", "pca.ListCertificate", kPrivateColumns, "--status ISSUED"},
    {"private-certificates", "show", "pca.ShowCertificate", "", "CERTIFICATE_ID"},
    {"private-certificates", "create", "pca.CreateCertificate", "",
     "--issuer-id CA_ID --key-algorithm EC256 --signature-algorithm SHA256 --common-name app.intra "
     "--validity-type DAY --validity-value 90 --subject-alternative-names type=DNS,value=app.intra "
     "--extended-key-usage-server-auth"},
    {"private-certificates", "create-by-csr", "pca.CreateCertificateByCsr", "",
     "--issuer-id CA_ID --csr-file app.csr --validity-type DAY --validity-value 90"},
    {"private-certificates", "parse-csr", "pca.ParseCertificateSigningRequest", "",
     "--csr-file app.csr"},
    {"private-certificates", "revoke", "pca.RevokeCertificate", "",
     "CERTIFICATE_ID --reason SUPERSEDED"},
    {"private-certificates", "delete", "pca.DeleteCertificate", "", "CERTIFICATE_ID"},
    {"private-certificates", "quota", "pca.ShowCertificateQuota", "", ""},
    {"private-certificates", "tags", "pca.ListCertTags", "key,value", "CERTIFICATE_ID"},
    {"apig", "create-certificate", "apig.CreateCertificateV2", "",
     "--name www_example --cert-content-file fullchain.pem --private-key-file privkey.pem"},
    {"apig", "list-certificates", "apig.ListCertificatesV2", "id,name,common_name,type,not_after",
     "--instance-id INSTANCE"},
    {"apig", "show-certificate", "apig.ShowDetailsOfCertificateV2", "", "CERTIFICATE_ID"},
    {"apig", "update-certificate", "apig.UpdateCertificateV2", "",
     "CERTIFICATE_ID --name www_example --cert-content-file fullchain.pem --private-key-file "
     "privkey.pem"},
    {"apig", "delete-certificate", "apig.DeleteCertificateV2", "", "CERTIFICATE_ID"},
    {"apig", "attach-domains", "apig.BatchAssociateDomainsV2", "",
     "CERTIFICATE_ID --domains domain=www.example.com"},
    {"apig", "detach-domains", "apig.BatchDisassociateDomainsV2", "",
     "CERTIFICATE_ID --domains domain=www.example.com"},
    {"apig", "attached-domains", "apig.ListAttachedDomainsV2", "", "CERTIFICATE_ID"},
    {"account", "projects", "iam.KeystoneListProjects", "id,name,domain_id,enabled", ""},
    {"account", "domains", "iam.KeystoneListAuthDomains", "id,name,enabled", ""},
    {"account", "who-am-i", "sts.GetCallerIdentity", "", ""},
});

constexpr auto kGroups = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"certificates", "SSL certificates in the cloud (SCM)"},
    {"csr", "Certificate signing requests in the cloud (SCM)"},
    {"ca", "Private certification authorities (PCA)"},
    {"private-certificates", "Certificates of private CAs (PCA)"},
    {"apig", "Certificates of API gateways"},
    {"account", "The account behind the credentials (IAM)"},
});

void add_shortcut(CLI::App& app, Action& action, const Shortcut& shortcut) {
  const Operation& operation = **cloud::find_operation(shortcut.operation);
  CLI::App* command = app.add_subcommand(
      std::string(shortcut.name), fmt::format("{} ({})", operation.title, operation.full_name()));
  auto given = std::make_shared<OperationInput>();
  const auto paging = cloud::paging_of(operation);
  add_options(*command, operation, *given);
  command
      ->add_option("--output,-o", given->output,
                   "write the answer to this file, readable by its owner only")
      ->type_name(kFile);
  if (may_have_consequence(operation)) {
    command->add_flag("--yes,-y", given->yes, "do not ask");
  }
  const std::string example =
      fmt::format("Example:\n  ccmctl {} {}{}{}", shortcut.group, shortcut.name,
                  shortcut.example.empty() ? "" : " ", shortcut.example);
  command->footer(example);
  if (app.get_footer().empty()) app.footer(example);
  command->callback([=, &action, &operation] {
    action = [=, &operation](Workspace& workspace) -> Result<ExitCode> {
      auto arguments = collect(*given);
      if (!arguments) return pass(std::move(arguments));
      if (auto checked = check_arguments(operation, *arguments); !checked) {
        return pass(std::move(checked));
      }
      if (paging) {
        return print_list(workspace, operation, *arguments,
                          {given->at_most, shortcut.columns, given->output});
      }
      if (!given->yes && !workspace.options.dry_run) {
        const auto agreed = agree_to(operation, *arguments);
        if (!agreed) return fail(agreed.error());
        if (!*agreed) return ExitCode::failed;
      }
      auto cloud = workspace.cloud();
      if (!cloud) return pass(std::move(cloud));
      const auto answer = (*cloud)->call(operation, *std::move(arguments));
      if (!answer) return fail(answer.error());
      return print_answer(workspace, *answer, shortcut.columns, given->output);
    };
  });
}

}  // namespace

std::span<const Shortcut> shortcuts() noexcept {
  return kShortcuts;
}

CLI::App& group(CLI::App& app, const std::string& name, const std::string& description) {
  const auto known =
      app.get_subcommands([&](const CLI::App* each) { return each->get_name() == name; });
  if (!known.empty()) return *known.front();
  CLI::App* made = app.add_subcommand(name, description);
  made->require_subcommand(1);
  return *made;
}

void add_shortcuts(CLI::App& app, Action& action) {
  for (const auto& [name, description] : kGroups) {
    group(app, std::string(name), std::string(description));
  }
  for (const Shortcut& shortcut : kShortcuts) {
    add_shortcut(group(app, std::string(shortcut.group), ""), action, shortcut);
  }
}

}  // namespace ccm::cli
