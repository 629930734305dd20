// SPDX-License-Identifier: Apache-2.0
#include "cloud/api/scm.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "cloud/api/api_id.h"
#include "cloud/reply/json.h"
#include "crypto/certificate/ascii_name.h"

namespace ccm::cloud {
namespace {

constexpr std::string_view kScmList = "scm.ListCertificates";
constexpr std::string_view kListActivity = "list certificates of SCM";
constexpr std::size_t kMostCertificates = 10'000;
constexpr Seconds kLongestList{300};
constexpr std::int64_t kFoundAtOnce = 50;
constexpr std::int64_t kMostSearched = 1'000;

void add_names(std::vector<std::string>& names, std::string_view list) {
  for (const auto part : split(list, ';')) {
    // A name without an A-label form matches nothing, but is still shown in sentences.
    const std::string_view given = trim(part);
    std::string name = crypto::to_ascii_name(given).value_or(to_lower(given));
    const bool is_new = std::find(names.begin(), names.end(), name) == names.end();
    if (!name.empty() && is_new) names.push_back(std::move(name));
  }
}

ScmCertificate read_scm_certificate(const JsonView& value) {
  ScmCertificate out{.id = value["id"].text(),
                     .name = value["name"].text(),
                     .status = value["status"].text(),
                     .names = {},
                     .expire_time = value["expire_time"].text(),
                     .fingerprint = to_lower(value["fingerprint"].text()),
                     .type = value["type"].text(),
                     .domain_type = value["domain_type"].text(),
                     .domain_count = value["domain_count"].integer().value_or(0),
                     .wildcard_count = value["wildcard_count"].integer().value_or(0)};
  std::erase(out.fingerprint, ':');
  // The answer about one certificate calls it not_after.
  if (out.expire_time.empty()) out.expire_time = value["not_after"].text();
  add_names(out.names, value["domain"].text());
  add_names(out.names, value["sans"].text());
  return out;
}

std::vector<ScmProof> read_proofs(const JsonView& list) {
  std::vector<ScmProof> proofs;
  for (const JsonView value : list.elements()) {
    ScmProof proof{.domain = value["domain"].text(),
                   .record_type = value["record_type"].text(),
                   .record_name = value["record_name"].text(),
                   .record_value = value["record_value"].text()};
    if (!proof.record_value.empty()) proofs.push_back(std::move(proof));
  }
  return proofs;
}

std::string key_algorithm_of(crypto::KeyType key) {
  const bool is_rsa = key.algorithm == crypto::KeyAlgorithm::rsa;
  return fmt::format("{}{}", is_rsa ? "RSA_" : "EC_P", key.bits);
}

Arguments arguments_of(const std::string& id, const ScmApplication& application) {
  const std::vector<std::string>& names = application.names;
  Arguments arguments;
  arguments.with("certificate_id", id)
      .with("domain", names.front())
      .with("domain_method", application.domain_method)
      .with("agree_privacy_protection", "true")
      .with("applicant_name", application.applicant_name)
      .with("applicant_phone", application.applicant_phone)
      .with("applicant_email", application.applicant_email);
  arguments.spellings.emplace_back("domain_method", application.domain_method);
  if (application.auto_dns_auth) arguments.with("auto_dns_auth", "true");
  if (application.key) arguments.with("key_algorithm", key_algorithm_of(*application.key));
  const std::pair<std::string_view, std::string> others[] = {
      {"sans", join({names.begin() + 1, names.end()}, ";")},
      {"csr", application.csr},
      {"company_name", application.company_name},
      {"company_unit", application.company_unit},
      {"company_province", application.company_province},
      {"company_city", application.company_city},
      {"country", application.country}};
  for (const auto& [name, value] : others) {
    if (!value.empty()) arguments.with(name, value);
  }
  return arguments;
}

Arguments arguments_of(const ScmListing& listing) {
  Arguments arguments;
  arguments.with("owned_by_self", "true")
      .with("sort_dir", "DESC")
      .with("sort_key", listing.sort_key)
      .with("status", listing.status);
  if (!listing.content.empty()) arguments.with("content", listing.content);
  return arguments;
}

// In the form of a search by tags.
ScmCertificate read_found(const JsonView& value) {
  const JsonView detail = value["resource_detail"];
  ScmCertificate out{.id = value["resource_id"].text(),
                     .name = value["resource_name"].text(),
                     .status = detail["order_status"].text(),
                     .names = {},
                     .expire_time = detail["expired_time"].text(),
                     .fingerprint = {}};
  add_names(out.names, detail["domain"].text());
  add_names(out.names, detail["sans"].text());
  return out;
}

// The certificates of several lists, each once.
struct Collection {
  std::vector<ScmCertificate> certificates;
  std::set<std::string, std::less<>> ids;

  void add(const Listing& listing) {
    for (const JsonView value : listing.answer.root()["certificates"].elements()) {
      ScmCertificate certificate = read_scm_certificate(value);
      if (!is_api_id(certificate.id) || !ids.insert(certificate.id).second) continue;
      certificates.push_back(std::move(certificate));
    }
  }
};

}  // namespace

bool ScmCertificate::is_exportable() const {
  return status == "ISSUED" || status == "UPLOAD" || status == "SUPPLEMENTCHECKING" ||
         status == "CANCELSUPPLEMENTING";
}

ScmClient::ScmClient(Session& session, std::string endpoint) : api_(session, std::move(endpoint)) {}

Result<std::vector<ScmCertificate>> ScmClient::list(const std::string& status,
                                                    const std::string& content) {
  Arguments arguments;
  arguments.with("owned_by_self", "true")
      .with("sort_dir", "DESC")
      .with("sort_key", "certExpiredTime")
      .with("status", status);
  Collection found;
  auto listing = api_.list(kScmList, arguments, kMostCertificates, kLongestList);
  if (!listing) return fail_with(std::move(listing), kListActivity);
  found.add(*listing);
  if (listing->is_complete || content.empty()) return std::move(found.certificates);
  arguments.with("content", content);
  listing = api_.list(kScmList, arguments, kMostCertificates, kLongestList);
  if (!listing) return fail_with(std::move(listing), kListActivity);
  found.add(*listing);
  return std::move(found.certificates);
}

Result<ScmPart> ScmClient::list_order(const ScmListing& listing) {
  auto shown = api_.list(kScmList, arguments_of(listing), kMostCertificates, kLongestList);
  if (!shown) return fail_with(std::move(shown), kListActivity);
  Collection found;
  found.add(*shown);
  const auto count = static_cast<std::int64_t>(found.certificates.size());
  return ScmPart{std::move(found.certificates), shown->total.value_or(count)};
}

Result<ScmPart> ScmClient::list_newest(const ScmListing& listing) {
  auto document =
      api_.call(kScmList, arguments_of(listing).with("limit", std::to_string(kFoundAtOnce)));
  if (!document) return fail_with(std::move(document), kListActivity);
  ScmPart part;
  for (const JsonView value : (*document)["certificates"].elements()) {
    ScmCertificate certificate = read_scm_certificate(value);
    if (is_api_id(certificate.id)) part.certificates.push_back(std::move(certificate));
  }
  part.total =
      total_in(document->root()).value_or(static_cast<std::int64_t>(part.certificates.size()));
  return part;
}

Result<ScmPart> ScmClient::search(const std::optional<ScmTag>& tag, std::size_t at_most) {
  ScmPart part;
  std::set<std::string, std::less<>> ids;
  for (std::size_t offset = 0; offset < at_most;) {
    Arguments arguments;
    arguments.with("action", "filter")
        .with("limit", std::to_string(kFoundAtOnce))
        .with("offset", std::to_string(offset));
    if (tag) arguments.with("tags[0].key", tag->key).with("tags[0].values[0]", tag->value);
    auto document = api_.call("scm.ListCertificatesByTag", arguments);
    if (!document) return fail_with(std::move(document), "search certificates of SCM by tag");
    if (offset == 0) part.total = total_in(document->root()).value_or(0);
    const std::vector<JsonView> found = (*document)["resources"].elements();
    const std::size_t before = ids.size();
    for (const JsonView each : found) {
      ScmCertificate certificate = read_found(each);
      if (!is_api_id(certificate.id) || !ids.insert(certificate.id).second) continue;
      part.certificates.push_back(std::move(certificate));
    }
    offset += found.size();
    // A service that ignores the number to skip gives the same page for ever.
    if (found.size() < static_cast<std::size_t>(kFoundAtOnce) || ids.size() == before) break;
  }
  part.total = std::max(part.total, static_cast<std::int64_t>(part.certificates.size()));
  return part;
}

Result<std::vector<ScmTag>> ScmClient::tags_of(const std::string& id) {
  if (auto checked = require_api_id(id, "certificate id"); !checked) {
    return fail_with(std::move(checked), "tags from SCM");
  }
  auto document = api_.call("scm.ListTagsByCertificate", Arguments().with("resource_id", id));
  if (!document) {
    return fail_with(std::move(document), fmt::format("tags of certificate {} from SCM", id));
  }
  std::vector<ScmTag> tags;
  for (const JsonView each : (*document)["tags"].elements()) {
    tags.push_back({each["key"].text(), each["value"].text()});
  }
  return tags;
}

Result<ScmCertificate> ScmClient::show(const std::string& id) {
  Result<ScmDetail> detail = show_detail(id);
  if (!detail) return pass(std::move(detail));
  return std::move(detail->certificate);
}

Result<ScmDetail> ScmClient::show_detail(const std::string& id) {
  const std::string activity = fmt::format("details of certificate {} from SCM", id);
  if (auto checked = require_api_id(id, "certificate id"); !checked) {
    return fail_with(std::move(checked), "details from SCM");
  }
  auto document = api_.call("scm.ShowCertificate", Arguments().with("certificate_id", id));
  if (!document) return fail_with(std::move(document), activity);
  ScmCertificate certificate = read_scm_certificate(document->root());
  if (certificate.status.empty()) {
    return fail(ErrorKind::transient, fmt::format("{}: the answer names no status", activity));
  }
  certificate.id = id;
  return ScmDetail{.certificate = std::move(certificate),
                   .proofs = read_proofs((*document)["authentification"]),
                   .multi_domain_type = (*document)["multi_domain_type"].text()};
}

Result<std::optional<ScmKinship>> ScmClient::kinship(const ScmCertificate& certificate) {
  for (std::int64_t offset = 0; offset < kMostSearched; offset += kFoundAtOnce) {
    Arguments arguments;
    arguments.with("action", "filter")
        .with("limit", std::to_string(kFoundAtOnce))
        .with("offset", std::to_string(offset));
    if (!certificate.name.empty()) {
      arguments.with("matches[0].key", "resource_name").with("matches[0].value", certificate.name);
    }
    auto document = api_.call("scm.ListCertificatesByTag", arguments);
    if (!document) return fail_with(std::move(document), "search certificates of SCM");
    const std::vector<JsonView> found = (*document)["resources"].elements();
    for (const JsonView each : found) {
      if (each["resource_id"].text() != certificate.id) continue;
      const JsonView detail = each["resource_detail"];
      return std::optional(ScmKinship{.fail_reason = detail["fail_reason"].text(),
                                      .origin_id = detail["origin_cert_id"].text(),
                                      .renewal_id = detail["renewal_cert_id"].text()});
    }
    if (static_cast<std::int64_t>(found.size()) < kFoundAtOnce) break;
  }
  return std::optional<ScmKinship>();
}

Result<void> ScmClient::apply(const std::string& id, const ScmApplication& application) {
  const std::string activity = fmt::format("apply for certificate {} at SCM", id);
  if (auto checked = require_api_id(id, "certificate id"); !checked) {
    return fail_with(std::move(checked), "apply at SCM");
  }
  auto answer = api_.send("scm.ApplyCertificate", arguments_of(id, application));
  if (!answer) return fail_with(std::move(answer), activity);
  return {};
}

Result<ScmExport> ScmClient::export_certificate(const std::string& id) {
  const std::string activity = "export from SCM";
  if (auto checked = require_api_id(id, "certificate id"); !checked) {
    return fail_with(std::move(checked), activity);
  }
  auto document = api_.call("scm.ExportCertificate", Arguments().with("certificate_id", id));
  if (!document) return fail_with(std::move(document), activity);
  if (!(*document)["enc_certificate"].text().empty()) {
    return fail(ErrorKind::rejected,
                fmt::format("{}: certificate {} is an SM2 pair, which TLS servers here cannot use; "
                            "choose an RSA or ECDSA certificate",
                            activity, id));
  }
  ScmExport out{.certificate = (*document)["certificate"].text(),
                .certificate_chain = (*document)["certificate_chain"].text(),
                .private_key = (*document)["private_key"].secret()};
  // Leaf and chain together. Certificates that are there twice do no harm.
  const std::string entire = (*document)["entire_certificate"].text();
  if (out.certificate.empty()) {
    out.certificate = entire;
  } else if (out.certificate_chain.empty()) {
    out.certificate_chain = entire;
  }
  if (out.certificate.empty()) {
    return fail(ErrorKind::transient, fmt::format("{}: the answer has no certificate", activity));
  }
  return out;
}

}  // namespace ccm::cloud
