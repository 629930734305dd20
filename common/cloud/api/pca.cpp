// SPDX-License-Identifier: Apache-2.0
#include "cloud/api/pca.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "cloud/api/api_id.h"
#include "cloud/reply/json.h"
#include "crypto/names.h"

namespace ccm::cloud {
namespace {

using namespace std::chrono_literals;

// Hyphenated: the documents' spelling with a capital letter is a misprint
// (docs/design/differences.md, "Paths of PCA").
constexpr std::string_view kAuthorities = "/v1/private-certificate-authorities";
constexpr std::string_view kPcaCertificates = "/v1/private-certificates";
constexpr std::int64_t kPcaPageSize = 100;
constexpr std::int64_t kMostFound = 1000;
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

// RFC 5480 and RFC 8813: an EC key signs and agrees, it does not encipher.
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

bool is_not_found(const Error& error) {
  return error.code() == "PCA.00030102" || error.code() == "PCA.10010002";
}

Result<std::string> read_new_id(const Secret& body) {
  const auto document = JsonDocument::parse(body.reveal());
  if (!document) return fail(document.error());
  std::string id = (*document)["certificate_id"].text();
  if (is_api_id(id)) return id;
  return fail(ErrorKind::transient, "the answer has no certificate id");
}

}  // namespace

PcaClient::PcaClient(Session& session, std::string endpoint)
    : session_(session), endpoint_(std::move(endpoint)) {}

Result<Secret> PcaClient::call(Operation operation, const std::string& id) {
  if (auto checked = require_api_id(id, "id of PCA"); !checked) return pass(std::move(checked));
  return session_.call({.method = std::string(operation.method),
                        .endpoint = endpoint_,
                        .path = fmt::format("{}/{}{}", operation.collection, id, operation.suffix),
                        .query = {},
                        .body = std::move(operation.body),
                        .iam_action = operation.iam_action});
}

Result<PcaAuthority> PcaClient::show_authority(const std::string& id) {
  auto body = call({.method = "GET",
                    .collection = kAuthorities,
                    .suffix = {},
                    .body = {},
                    .iam_action = "pca:ca:get"},
                   id);
  const std::string activity = "details of the issuing CA from PCA";
  if (!body) return fail_with(std::move(body), activity);
  auto document = JsonDocument::parse(body->reveal());
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
  return post_issue("/csr", object.dump(),
                    "pca:ca:issueCertThroughCSR (newer name pca:ca:issueCertByCsr)");
}

Result<std::string> PcaClient::issue(const std::string& issuer_id, crypto::KeyType key,
                                     const std::vector<std::string>& names, PcaValidity validity) {
  if (auto checked = require_api_id(issuer_id, "CA id"); !checked) {
    return fail_with(std::move(checked), "issue by PCA");
  }
  return post_issue("", issue_body(issuer_id, key, names, validity), "pca:ca:issueCert");
}

Result<std::string> PcaClient::post_issue(std::string_view suffix, Result<std::string> body,
                                          std::string_view iam_action) {
  const std::string activity = "issue by PCA";
  if (!body) return fail_with(std::move(body), activity);
  auto answer = session_.call({.method = "POST",
                               .endpoint = endpoint_,
                               .path = fmt::format("{}{}", kPcaCertificates, suffix),
                               .query = {},
                               .body = std::move(*body),
                               .iam_action = iam_action});
  if (!answer) return fail_with(std::move(answer), activity);
  auto id = read_new_id(*answer);
  if (!id) return fail_with(std::move(id), activity);
  return id;
}

Result<std::vector<PcaCertificate>> PcaClient::find(const std::string& common_name) {
  const std::string activity = "list certificates of PCA";
  std::vector<PcaCertificate> found;
  for (std::int64_t offset = 0; offset < kMostFound; offset += kPcaPageSize) {
    auto body = session_.call({.method = "GET",
                               .endpoint = endpoint_,
                               .path = std::string(kPcaCertificates),
                               .query = {{"limit", fmt::format("{}", kPcaPageSize)},
                                         {"name", common_name},
                                         {"offset", fmt::format("{}", offset)},
                                         {"sort_dir", "DESC"},
                                         {"sort_key", "create_time"}},
                               .body = {},
                               .iam_action = "pca:cert:list"});
    if (!body) return fail_with(std::move(body), activity);
    auto page = JsonDocument::parse(body->reveal());
    if (!page) return fail_with(std::move(page), activity);
    const auto rows = (*page)["certificates"].elements();
    for (const JsonView row : rows) {
      PcaCertificate certificate = read_pca_certificate(row);
      // `name` is a substring search.
      const bool is_it = equals_ignoring_case(certificate.common_name, common_name);
      if (is_it && is_api_id(certificate.id)) found.push_back(std::move(certificate));
    }
    if (rows.empty() || offset + kPcaPageSize >= (*page)["total"].integer().value_or(0)) break;
  }
  // Pages may shift while they are read.
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.created_at.value_or(Time{}) > b.created_at.value_or(Time{});
  });
  return found;
}

Result<PcaCertificate> PcaClient::show(const std::string& id) {
  const std::string activity = "details of a certificate from PCA";
  auto body = call({.method = "GET",
                    .collection = kPcaCertificates,
                    .suffix = {},
                    .body = {},
                    .iam_action = "pca:cert:get"},
                   id);
  if (!body) return fail_with(std::move(body), activity);
  auto document = JsonDocument::parse(body->reveal());
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
  JsonObject wish;
  // A string, although it is a truth value (docs/design/differences.md, "Truth values").
  wish.set("is_compressed", "false").set("type", "NGINX");
  auto wish_text = wish.dump();
  if (!wish_text) return fail_with(std::move(wish_text), activity);
  auto body = call({.method = "POST",
                    .collection = kPcaCertificates,
                    .suffix = "/export",
                    .body = std::move(*wish_text),
                    .iam_action = "pca:cert:export"},
                   id);
  if (!body) return fail_with(std::move(body), activity);
  auto document = JsonDocument::parse(body->reveal());
  if (!document) return fail_with(std::move(document), activity);
  PcaExport out{.certificate = (*document)["certificate"].text(),
                .certificate_chain = (*document)["certificate_chain"].text(),
                .private_key = (*document)["private_key"].secret()};
  if (out.certificate.empty()) {
    return fail(ErrorKind::transient, fmt::format("{}: the answer has no certificate", activity));
  }
  return out;
}

Result<void> PcaClient::revoke(const std::string& id, const std::string& reason) {
  const std::string activity = "revoke at PCA";
  JsonObject object;
  object.set("reason", reason);
  auto text = object.dump();
  if (!text) return fail_with(std::move(text), activity);
  auto answer = call({.method = "POST",
                      .collection = kPcaCertificates,
                      .suffix = "/revoke",
                      .body = std::move(*text),
                      .iam_action = "pca:cert:revoke"},
                     id);
  if (answer || is_not_found(answer.error())) return {};
  if (answer.error().code() == "PCA.00030201") {
    // Its present state forbids it, and may be the wanted one (docs/design/flows.md, "Revocation").
    const auto now = show(id);
    if (now && (now->status == "REVOKED" || now->status == "EXPIRED")) return {};
  }
  return fail_with(std::move(answer), activity);
}

}  // namespace ccm::cloud
