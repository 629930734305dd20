// SPDX-License-Identifier: Apache-2.0
#include "cloud/api/pca.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "cloud/api/api_id.h"
#include "cloud/reply/json.h"
#include "crypto/certificate/names.h"

namespace ccm::cloud {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostFound = 1000;
constexpr std::string_view kFoundAtATime = "100";
constexpr Seconds kLongestSearch{300};
constexpr std::size_t kMostNames = 20;  // operations.json, CreateCertificate
constexpr std::size_t kLongestCommonName = 64;
constexpr Seconds kDay = 24h;

JsonObject validity_object(PcaValidity validity) {
  JsonObject object;
  if (validity.duration >= kDay) {
    object.set("type", "DAY").set_number("value", validity.duration / kDay);
  } else {
    object.set("type", "HOUR")
        .set_number("value", std::max<std::int64_t>(validity.duration / 1h, 1));
  }
  return object;
}

Result<std::string> key_algorithm(crypto::KeyType key) {
  const bool is_rsa = key.algorithm == crypto::KeyAlgorithm::rsa;
  const bool is_ecdsa = key.algorithm == crypto::KeyAlgorithm::ecdsa;
  if (is_rsa && (key.bits == 2048 || key.bits == 4096)) return fmt::format("RSA{}", key.bits);
  if (is_ecdsa && (key.bits == 256 || key.bits == 384)) return fmt::format("EC{}", key.bits);
  return fail(
      ErrorKind::invalid,
      fmt::format("PCA makes no {} keys; choose rsa:2048, rsa:4096, ecdsa:256 or ecdsa:384, "
                  "or have the key made locally",
                  crypto::to_string(key)));
}

// RFC 5480 and RFC 8813: an EC key signs and agrees on keys, but does not encipher.
std::vector<std::string> key_usages(crypto::KeyType key) {
  const bool is_rsa = key.algorithm == crypto::KeyAlgorithm::rsa;
  return {"digitalSignature", is_rsa ? "keyEncipherment" : "keyAgreement"};
}

Result<std::string> common_name(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (name.size() <= kLongestCommonName) return name;
  }
  return fail(ErrorKind::invalid,
              "a certificate of PCA needs a name of at most 64 characters as its common name");
}

std::vector<JsonObject> alternative_names(const std::vector<std::string>& names) {
  std::vector<JsonObject> out;
  for (const auto& name : names) {
    JsonObject object;
    object.set("type", crypto::is_ip_address(name) ? "IP" : "DNS").set("value", name);
    out.push_back(std::move(object));
  }
  return out;
}

Result<std::string> issue_body(const std::string& issuer_id, crypto::KeyType key,
                               const std::vector<std::string>& names, PcaValidity validity) {
  const auto algorithm = key_algorithm(key);
  if (!algorithm) return fail(algorithm.error());
  const auto subject = common_name(names);
  if (!subject) return fail(subject.error());
  if (names.size() > kMostNames) {
    return fail(ErrorKind::invalid,
                fmt::format("{} names are more than the {} that PCA takes; have the key made "
                            "locally, its request may carry more",
                            names.size(), kMostNames));
  }
  JsonObject distinguished_name;
  distinguished_name.set("common_name", *subject);
  JsonObject extended_usage;
  extended_usage.set_flag("server_auth", true);
  JsonObject body;
  body.set("issuer_id", issuer_id)
      .set("key_algorithm", *algorithm)
      .set("signature_algorithm",
           key == crypto::KeyType{crypto::KeyAlgorithm::ecdsa, 384} ? "SHA384" : "SHA256")
      .set_object("distinguished_name", std::move(distinguished_name))
      .set_object("validity", validity_object(validity))
      .set_texts("key_usages", key_usages(key))
      .set_objects("subject_alternative_names", alternative_names(names))
      .set_object("extended_key_usage", std::move(extended_usage));
  return body.dump();
}

PcaCertificate read_pca_certificate(const JsonView& value) {
  return {.id = value["certificate_id"].text(),
          .status = value["status"].text(),
          .common_name = value["distinguished_name"]["common_name"].text(),
          .serial = value["serial_number"].text(),
          .created_at = value["create_time"].time(),
          .not_after = value["not_after"].time()};
}

}  // namespace

PcaClient::PcaClient(Session& session, std::string endpoint) : api_(session, std::move(endpoint)) {}

Result<PcaAuthority> PcaClient::show_authority(const std::string& id) {
  const std::string activity = "details of the issuing CA from PCA";
  auto document = api_.call("pca.ShowCertificateAuthority", Arguments().with("ca_id", id));
  if (!document) return fail_with(std::move(document), activity);
  PcaAuthority authority{.id = id,
                         .status = (*document)["status"].text(),
                         .not_after = (*document)["not_after"].time()};
  if (authority.status.empty()) {
    return fail(ErrorKind::transient, fmt::format("{}: the answer names no status", activity));
  }
  return authority;
}

Result<std::string> PcaClient::issue_by_csr(const std::string& issuer_id,
                                            const std::string& csr_pem, PcaValidity validity) {
  const std::string activity = "issue by PCA";
  if (auto checked = require_api_id(issuer_id, "CA id"); !checked) {
    return fail_with(std::move(checked), activity);
  }
  JsonObject object;
  object.set("issuer_id", issuer_id)
      .set("csr", csr_pem)
      .set_object("validity", validity_object(validity))
      .set("type", "ENTITY_CERT");
  return issue_as("pca.CreateCertificateByCsr", object.dump());
}

Result<std::string> PcaClient::issue(const std::string& issuer_id, crypto::KeyType key,
                                     const std::vector<std::string>& names, PcaValidity validity) {
  if (auto checked = require_api_id(issuer_id, "CA id"); !checked) {
    return fail_with(std::move(checked), "issue by PCA");
  }
  return issue_as("pca.CreateCertificate", issue_body(issuer_id, key, names, validity));
}

Result<std::string> PcaClient::issue_as(std::string_view operation, Result<std::string> body) {
  const std::string activity = "issue by PCA";
  if (!body) return fail_with(std::move(body), activity);
  auto answer = api_.call(operation, {.parameters = {}, .body = Secret::taken_from(*body)});
  if (!answer) return fail_with(std::move(answer), activity);
  std::string id = (*answer)["certificate_id"].text();
  if (is_api_id(id)) return id;
  return fail(ErrorKind::transient, fmt::format("{}: the answer has no certificate id", activity));
}

Result<std::vector<PcaCertificate>> PcaClient::find(const std::string& common_name) {
  const std::string activity = "list certificates of PCA";
  Arguments arguments;
  arguments.with("limit", kFoundAtATime)
      .with("name", common_name)
      .with("sort_dir", "DESC")
      .with("sort_key", "create_time");
  auto listing = api_.list("pca.ListCertificate", arguments, kMostFound, kLongestSearch);
  if (!listing) return fail_with(std::move(listing), activity);
  // A certificate that is not seen here would be issued a second time.
  if (listing->obstacle) return fail((*std::move(listing->obstacle)).with_context(activity));
  std::vector<PcaCertificate> found;
  for (const JsonView row : listing->answer.root()["certificates"].elements()) {
    PcaCertificate certificate = read_pca_certificate(row);
    // `name` is a substring search.
    const bool is_it = equals_ignoring_case(certificate.common_name, common_name);
    if (is_it && is_api_id(certificate.id)) found.push_back(std::move(certificate));
  }
  // Pages may shift while they are read.
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.created_at.value_or(Time{}) > b.created_at.value_or(Time{});
  });
  return found;
}

Result<PcaCertificate> PcaClient::show(const std::string& id) {
  const std::string activity = "details of a certificate from PCA";
  auto document = api_.call("pca.ShowCertificate", Arguments().with("certificate_id", id));
  if (!document) return fail_with(std::move(document), activity);
  PcaCertificate certificate = read_pca_certificate(document->root());
  certificate.id = id;
  if (certificate.status.empty()) {
    return fail(ErrorKind::transient, fmt::format("{}: the answer names no status", activity));
  }
  return certificate;
}

Result<PcaExport> PcaClient::export_certificate(const std::string& id) {
  const std::string activity = "export from PCA";
  Arguments arguments;
  // The service wants a text, although it is a truth value (docs/design/differences.md, "Truth
  // values").
  arguments.with("certificate_id", id).with("is_compressed", "false").with("type", "NGINX");
  auto document = api_.call("pca.ExportCertificate", arguments);
  if (!document) return fail_with(std::move(document), activity);
  PcaExport out{.certificate = (*document)["certificate"].text(),
                .certificate_chain = (*document)["certificate_chain"].text(),
                .private_key = (*document)["private_key"].secret()};
  if (out.certificate.empty()) {
    return fail(ErrorKind::transient, fmt::format("{}: the answer has no certificate", activity));
  }
  return out;
}

}  // namespace ccm::cloud
