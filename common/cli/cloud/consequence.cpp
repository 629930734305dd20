// SPDX-License-Identifier: Apache-2.0
#include "cli/cloud/consequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "cli/input/secret_input.h"
#include "cli/output/terminal.h"
#include "cloud/reply/json.h"

namespace ccm::cli {
namespace {

struct Consequence {
  std::string_view operation;
  std::string_view phrase;
  // Only if this parameter has this value; empty: always.
  std::string_view parameter = {};
  std::string_view value = {};
};

constexpr auto kConsequences = std::to_array<Consequence>({
    {"scm.DeleteCertificate", "delete the certificate from SCM, which cannot be undone"},
    {"scm.V2DeleteCertificate", "delete the certificate from SCM, which cannot be undone"},
    {"scm.DeleteCsr", "delete the signing request and its key from SCM, which cannot be undone"},
    {"scm.V2RevokeCertificate", "revoke the certificate, which cannot be undone"},
    {"scm.CancelCertificateRequest", "withdraw the application for the certificate"},
    {"scm.V2CancelApplication", "withdraw the application for the certificate"},
    {"scm.V2CancelPrivacyConsent", "withdraw the consent and delete the applicant's data"},
    {"scm.SubscribeCertificate", "buy certificates, which costs money"},
    {"scm.V2PurchaseCertificate", "buy certificates, which costs money"},
    {"scm.UnsubscribeCertificate", "give the certificate back for a refund, which ends it"},
    {"scm.DisableNotification", "disable the notifications of SCM"},
    {"scm.BatchCreateOrDeleteTags", "delete the tags", "action", "delete"},
    {"pca.CreateCertificateAuthorityOrder", "order a private CA, which costs money"},
    {"pca.DeleteCertificateAuthority",
     "delete the CA: it stops issuing at once and is gone for good after the pending days"},
    {"pca.DisableCertificateAuthority", "disable the CA: nothing is issued by it any more"},
    {"pca.RevokeCertificateAuthority",
     "revoke the CA and with it everything below it, which cannot be undone"},
    {"pca.DisableCertificateAuthorityCrl", "disable the CA's revocation list"},
    {"pca.DeleteCertificate", "delete the certificate from PCA, which cannot be undone"},
    {"pca.RevokeCertificate", "revoke the certificate, which cannot be undone"},
    {"pca.BatchDeleteCaTags", "delete the tags"},
    {"pca.BatchDeleteCertTags", "delete the tags"},
    {"apig.DeleteCertificateV2", "delete the certificate from the API gateway"},
    {"apig.DisassociateCertificateV2", "take the certificate away from the domain"},
    {"apig.BatchDisassociateDomainsV2", "take the certificate away from the domains"},
    {"apig.BatchDisassociateCertsV2", "take the certificates away from the domain"},
});

auto find(const cloud::Operation& operation) noexcept {
  return std::find_if(kConsequences.begin(), kConsequences.end(), [&](const Consequence& each) {
    const auto dot = each.operation.find('.');
    return each.operation.substr(dot + 1) == operation.id &&
           each.operation.substr(0, dot) == cloud::to_string(operation.service);
  });
}

std::string value_of(std::string_view parameter, const cloud::Arguments& arguments) {
  for (const auto& each : arguments.parameters) {
    if (each.name == parameter) return std::string(each.value.reveal());
  }
  if (!arguments.body) return {};
  const auto document = cloud::JsonDocument::parse(arguments.body->reveal());
  return document ? (*document)[parameter].text() : std::string();
}

}  // namespace

bool may_have_consequence(const cloud::Operation& operation) noexcept {
  return find(operation) != kConsequences.end();
}

std::string_view consequence_of(const cloud::Operation& operation,
                                const cloud::Arguments& arguments) {
  const auto found = find(operation);
  if (found == kConsequences.end()) return {};
  const bool applies = found->parameter.empty() ||
                       equals_ignoring_case(value_of(found->parameter, arguments), found->value);
  return applies ? found->phrase : std::string_view();
}

Result<bool> agree_to(const cloud::Operation& operation, const cloud::Arguments& arguments) {
  const std::string_view consequence = consequence_of(operation, arguments);
  if (consequence.empty()) return true;
  std::string question;
  for (const cloud::Parameter& parameter : operation.parameters()) {
    if (parameter.place != cloud::Place::path || parameter.name == "project_id") continue;
    question += printable(value_of(parameter.name, arguments)) + ": ";
  }
  question += consequence;
  auto agreed = confirm(question, "give --yes");
  if (agreed && !*agreed) Terminal::say("nothing was changed");
  return agreed;
}

}  // namespace ccm::cli
