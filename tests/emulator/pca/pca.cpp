// SPDX-License-Identifier: Apache-2.0
// The table of PCA v1 operations (API reference, section 4.2).
#include "pca/pca_authority.h"
#include "pca/pca_certificates.h"
#include "service/catalogue.h"

namespace emulator {
namespace {

constexpr std::int64_t kLargestOffset = 1'000'000'000;
const std::vector<std::string> kUsages(std::begin(kKeyUsageNames), std::end(kKeyUsageNames));

std::vector<Parameter> page_parameters(std::vector<std::string> sort_keys) {
  return {query_number("limit").within(0, 1000),
          query_number("offset").within(0, kLargestOffset),
          query_text("name").within(1, 64),
          query_text("status")
              .one_of({"PENDING", "ACTIVED", "DISABLED", "DELETED", "EXPIRED", "ISSUED", "REVOKED"})
              .refused_as("PCA.00020404"),
          query_text("type").one_of({"ROOT", "SUBORDINATE"}).refused_as("PCA.00020202"),
          query_text("sort_key").one_of(std::move(sort_keys)),
          query_text("sort_dir").one_of({"DESC", "ASC"})};
}

const std::vector<std::string> kKeys = {"RSA2048", "RSA4096", "EC256", "EC384"};
const std::vector<std::string> kHashes = {"SHA256", "SHA384", "SHA512"};

Parameter key_parameter() {
  return body_text("key_algorithm").one_of(kKeys).refused_as("PCA.00020102");
}

Parameter hash_parameter() {
  return body_text("signature_algorithm").one_of(kHashes).refused_as("PCA.00020103");
}

Parameter validity_parameter() {
  return body_object("validity")
      .refused_as("PCA.00020109")
      .of({body_text("type").must().one_of({"YEAR", "MONTH", "DAY", "HOUR"}),
           body_number("value").must(), body_number("start_from")});
}

// All parts are needed for a CA; a certificate inherits what it lacks from its CA.
Parameter subject_parameter(bool complete) {
  std::vector<Parameter> parts = {
      body_text("country").within(2, 2), body_text("state").within(1, 128),
      body_text("locality").within(1, 128), body_text("organization").within(1, 64),
      body_text("organizational_unit").within(1, 64)};
  for (Parameter& part : parts) part.required = complete;
  parts.push_back(body_text("common_name").must().within(1, 64));
  return body_object("distinguished_name").refused_as("PCA.00020101").of(std::move(parts));
}

Parameter names_parameter() {
  return body_list("subject_alternative_names")
      .within(0, 20)
      .of({body_text("type")
               .must()
               .one_of({"DNS", "IP", "EMAIL", "URI"})
               .refused_as("PCA.00020112"),
           body_text("value").must()});
}

Parameter extended_usage_parameter() {
  return body_object("extended_key_usage")
      .of({body_flag("server_auth"), body_flag("client_auth"), body_flag("code_signing"),
           body_flag("email_protection"), body_flag("time_stamping"),
           body_flag("smart_card_logon")});
}

Parameter crl_parameter() {
  return body_object("crl_configuration")
      .refused_as("PCA.00020204")
      .of({body_flag("enabled").must(), body_text("crl_name"), body_text("obs_bucket_name"),
           body_number("valid_days").within(7, 30)});
}

Operations authority_operations() {
  using namespace pca;
  const std::string all = "/v1/private-certificate-authorities";
  const std::string one = all + "/{ca_id}";
  return {
      {Service::pca, "ListCertificateAuthority", "GET", all, list_cas,
       page_parameters({"create_time", "common_name", "ca_type", "type", "not_after"})},
      {Service::pca,
       "CreateCertificateAuthority",
       "POST",
       all,
       create_ca,
       {body_text("type").must().one_of({"ROOT", "SUBORDINATE"}).refused_as("PCA.00020202"),
        subject_parameter(true).must(), key_parameter().must(), validity_parameter(),
        body_text("issuer_id").within(36, 36).refused_as("PCA.00020201"),
        body_number("path_length").within(0, 6).refused_as("PCA.00020203"), hash_parameter(),
        body_list("key_usages").one_of(kUsages), crl_parameter(),
        body_text("enterprise_project_id"), body_text("ca_id").within(36, 36),
        body_object("hsm_cluster_info")}},
      {Service::pca, "ShowCertificateAuthorityQuota", "GET", all + "/quotas", show_ca_quota},
      {Service::pca, "ShowCertificateAuthority", "GET", one, show_ca},
      {Service::pca,
       "DeleteCertificateAuthority",
       "DELETE",
       one,
       delete_ca,
       {query_number("pending_days").must().within(7, 30)}},
      {Service::pca,
       "IssueCertificateAuthorityCertificate",
       "POST",
       one + "/activate",
       activate_ca,
       {body_text("issuer_id").must().within(1, 64).refused_as("PCA.00020201"),
        body_number("path_length").within(0, 6).refused_as("PCA.00020203"), hash_parameter().must(),
        validity_parameter().must(), body_list("key_usages").one_of(kUsages),
        body_text("type").one_of({"ROOT", "SUBORDINATE"}).refused_as("PCA.00020202"),
        subject_parameter(true), key_parameter(), crl_parameter(),
        body_text("enterprise_project_id"), body_object("hsm_cluster_info")}},
      {Service::pca, "ExportCertificateAuthorityCsr", "GET", one + "/csr", export_ca_csr},
      {Service::pca, "DisableCertificateAuthority", "POST", one + "/disable", disable_ca},
      {Service::pca, "EnableCertificateAuthority", "POST", one + "/enable", enable_ca},
      {Service::pca, "RestoreCertificateAuthority", "POST", one + "/restore", restore_ca},
      {Service::pca, "ExportCertificateAuthorityCertificate", "POST", one + "/export", export_ca},
  };
}

Operations certificate_operations() {
  using namespace pca;
  const std::string all = "/v1/private-certificates";
  const std::string one = all + "/{certificate_id}";
  return {
      {Service::pca, "ListCertificate", "GET", all, list_certificates,
       page_parameters({"create_time", "common_name", "issuer_name", "not_after"})},
      {Service::pca,
       "CreateCertificate",
       "POST",
       all,
       create_certificate,
       {body_text("issuer_id").must().within(36, 36).refused_as("PCA.00020201"), key_parameter(),
        hash_parameter(), subject_parameter(false).must(), validity_parameter().must(),
        body_list("key_usages").one_of(kUsages), names_parameter(), extended_usage_parameter(),
        body_object("customized_extension")
            .of({body_text("object_identifier").within(1, 64), body_text("value").within(1, 64)}),
        body_text("enterprise_project_id")}},
      {Service::pca,
       "CreateCertificateByCsr",
       "POST",
       all + "/csr",
       create_certificate_by_csr,
       {body_text("issuer_id").must().within(36, 36).refused_as("PCA.00020201"),
        body_text("csr").must().within(1, 5120).refused_as("PCA.00020401"),
        validity_parameter().must(), body_text("type").one_of({"ENTITY_CERT", "INTERMEDIATE_CA"}),
        body_number("path_length").within(0, 6).refused_as("PCA.00020203"), names_parameter(),
        body_text("enterprise_project_id")}},
      {Service::pca,
       "ParseCertificateSigningRequest",
       "POST",
       all + "/csr/parse",
       parse_signing_request_text,
       {body_text("csr").must().within(1, 5120).refused_as("PCA.00020401")}},
      {Service::pca, "ShowCertificateQuota", "GET", all + "/quotas", show_certificate_quota},
      {Service::pca, "ShowCertificate", "GET", one, show_certificate},
      {Service::pca, "DeleteCertificate", "DELETE", one, delete_certificate},
      {Service::pca,
       "ExportCertificate",
       "POST",
       one + "/export",
       export_certificate,
       {body_flag("is_compressed").must(),
        body_text("type").must().one_of({"APACHE", "NGINX", "IIS", "TOMCAT", "OTHER"}).any_case(),
        body_text("is_sm_standard"), body_text("password")}},
      {Service::pca,
       "RevokeCertificate",
       "POST",
       one + "/revoke",
       revoke_certificate,
       {body_text("reason").one_of(revocation_reasons())}},
  };
}

}  // namespace

Operations pca_operations() {
  Operations operations = authority_operations();
  for (Operation& operation : certificate_operations()) {
    operations.push_back(std::move(operation));
  }
  return operations;
}

}  // namespace emulator
