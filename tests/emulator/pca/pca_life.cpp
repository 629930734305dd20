// SPDX-License-Identifier: Apache-2.0
// Imported, revoked and ordered CAs (API reference 4.2.1.11 and 4.2.1.13; orders are in the SDK).
#include <algorithm>

#include "pca/pca_authority.h"
#include "pki/keys.h"
#include "pki/pem.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

// The chain must lead upwards from the certificate, link by link.
void check_links(X509* leaf, const Certificates& chain) {
  X509* below = leaf;
  for (const auto& above : chain) {
    if (X509_check_issued(above.get(), below) != X509_V_OK) throw Refusal("PCA.00020403");
    below = above.get();
  }
}

std::string decimal_serial(const X509* certificate) {
  const NumberHandle number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* text = BN_bn2dec(number.get());
  std::string result = text;
  OPENSSL_free(text);
  return result;
}

void enter_import(json& ca, X509* certificate, const Certificates& chain) {
  const long path_length = X509_get_pathlen(certificate);
  const json issuer = subject_of(X509_get_issuer_name(certificate));
  ca.update({{"certificate", certificate_pem(certificate)},
             {"external_chain", certificates_pem(chain)},
             {"distinguished_name", subject_of(X509_get_subject_name(certificate))},
             {"serial_number", decimal_serial(certificate)},
             {"not_before", start_of(certificate) * 1000},
             {"not_after", end_of(certificate) * 1000},
             {"issuer_name", issuer.value("common_name", "")},
             {"signature_algorithm", split(signature_text(certificate), 'W').front()},
             {"path_length", path_length < 0 ? 6 : path_length},
             {"gen_mode", "IMPORT"},
             {"status", "ACTIVED"}});
}

Reply import_ca(Call& call) {
  json ca = require_ca(call);
  if (state_of(call.world, ca) != "PENDING" || is_blank(ca, "private_key")) {
    throw Refusal("PCA.00030201");
  }
  const Certificates given = parse_certificates(call.text("certificate").value_or(""));
  if (given.size() != 1 || X509_check_ca(given.front().get()) != 1) throw Refusal("PCA.00020402");
  X509* const certificate = given.front().get();
  const KeyHandle key = parse_private_key(ca["private_key"].get<std::string>());
  if (X509_check_private_key(certificate, key.get()) != 1) throw Refusal("PCA.00030301");
  if (end_of(certificate) <= call.world.clock.now_s()) throw Refusal("PCA.00020402");
  const std::string chain_text = call.text("certificate_chain").value_or("");
  const Certificates chain = parse_certificates(chain_text);
  if (!trim(chain_text).empty() && chain.empty()) throw Refusal("PCA.00020403");
  check_links(certificate, chain);
  enter_import(ca, certificate, chain);
  store_ca(call.world, std::move(ca));
  return empty_reply(204);
}

Reply revoke_ca(Call& call) {
  if (call.body.is_null()) throw Refusal("PCA.00020001", "The body is missing.");
  json ca = require_ca(call);
  const std::string state = state_of(call.world, ca);
  // A root has nobody above who could revoke it.
  const bool revocable = state == "ACTIVED" || state == "DISABLED";
  if (!revocable || ca["type"] == "ROOT" || ca["issuer_id"].is_null()) {
    throw Refusal("PCA.00030201");
  }
  ca["status"] = "REVOKED";
  ca["revoke_reason"] = call.text("reason").value_or("UNSPECIFIED");
  ca["revoke_time"] = call.world.clock.now_ms();
  store_ca(call.world, std::move(ca));
  return empty_reply(204);
}

// Prepaid CAs: shells without subject and key, filled in by CreateCertificateAuthority with their
// ca_id.
Reply order_cas(Call& call) {
  json ids = json::array();
  for (std::int64_t i = 0; i < call.number("subscription_num", 1); ++i) {
    json ca = new_ca_shell(call.world, call.caller.domain_id);
    ca["charging_mode"] = call.number("charging_mode", 0);
    ca["enterprise_project_id"] = call.text("enterprise_project_id").value_or("0");
    ids.push_back(ca["ca_id"]);
    store_ca(call.world, std::move(ca));
  }
  const std::string order = "CS" + compact_time(call.world.clock.now_ms()) + random_hex(3);
  return json_reply(200, {{"order_id", order}, {"ca_ids", ids}});
}

std::vector<Parameter> order_parameters() {
  return {body_text("cloud_service_type").must(),
          body_number("charging_mode").must().within(0, 1),
          body_number("period_type").must(),
          body_number("period_num").must().within(1, INT64_MAX),
          body_number("is_auto_renew").must().within(0, 1),
          body_text("promotion_info"),
          body_number("subscription_num").must().within(1, 100),
          body_number("is_auto_pay").within(0, 1),
          body_text("enterprise_project_id"),
          body_list("product_infos")
              .must()
              .within(1, INT64_MAX)
              .of({body_text("cloud_service_type").must(), body_text("resource_type").must(),
                   body_text("resource_spec_code").must()})};
}

}  // namespace

Operations pca_life_operations() {
  const std::string all = "/v1/private-certificate-authorities";
  const std::string one = all + "/{ca_id}";
  return {
      {Service::pca,
       "ImportCertificateAuthorityCertificate",
       "POST",
       one + "/import",
       import_ca,
       {body_text("certificate").must().within(1, 32768).refused_as("PCA.00020402"),
        body_text("certificate_chain").within(0, 2097152).refused_as("PCA.00020403")}},
      {Service::pca,
       "RevokeCertificateAuthority",
       "POST",
       one + "/revoke",
       revoke_ca,
       {body_text("reason").one_of(revocation_reasons())}},
      {Service::pca, "CreateCertificateAuthorityOrder", "POST", all + "/order", order_cas,
       order_parameters()},
  };
}

}  // namespace emulator
