// The table of PCA v1 operations (API reference, section 4.2).
#include "catalogue.h"
#include "pca_authority.h"
#include "pca_certificates.h"

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
        body_object("distinguished_name").must().refused_as("PCA.00020101"),
        body_text("key_algorithm").must().refused_as("PCA.00020102"),
        body_object("validity").refused_as("PCA.00020109"),
        body_text("issuer_id").within(36, 36).refused_as("PCA.00020201"),
        body_number("path_length").within(0, 6).refused_as("PCA.00020203"),
        body_text("signature_algorithm").refused_as("PCA.00020103"),
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
       {body_text("issuer_id").must().refused_as("PCA.00020201"),
        body_number("path_length").within(0, 6).refused_as("PCA.00020203"),
        body_text("signature_algorithm").must().refused_as("PCA.00020103"),
        body_object("validity").must().refused_as("PCA.00020109"),
        body_list("key_usages").one_of(kUsages),
        body_text("type").one_of({"ROOT", "SUBORDINATE"}).refused_as("PCA.00020202"),
        body_object("distinguished_name").refused_as("PCA.00020101"),
        body_text("key_algorithm").refused_as("PCA.00020102"), crl_parameter(),
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
       {body_text("issuer_id").must().refused_as("PCA.00020201"),
        body_text("key_algorithm").refused_as("PCA.00020102"),
        body_text("signature_algorithm").refused_as("PCA.00020103"),
        body_object("distinguished_name").must().refused_as("PCA.00020101"),
        body_object("validity").must().refused_as("PCA.00020109"),
        body_list("key_usages").one_of(kUsages),
        body_list("subject_alternative_names").within(0, 20), body_object("extended_key_usage"),
        body_object("customized_extension"), body_text("enterprise_project_id")}},
      {Service::pca,
       "CreateCertificateByCsr",
       "POST",
       all + "/csr",
       create_certificate_by_csr,
       {body_text("issuer_id").must().refused_as("PCA.00020201"),
        body_text("csr").must().within(1, 5120).refused_as("PCA.00020401"),
        body_object("validity").must().refused_as("PCA.00020109"),
        body_text("type").one_of({"ENTITY_CERT", "INTERMEDIATE_CA"}),
        body_number("path_length").within(0, 6).refused_as("PCA.00020203"),
        body_list("subject_alternative_names").within(0, 20), body_text("enterprise_project_id")}},
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
