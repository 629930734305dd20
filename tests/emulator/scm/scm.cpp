// SPDX-License-Identifier: Apache-2.0
// The table of SCM v3 operations (API reference, section 4.1).
#include "scm/scm_handlers.h"
#include "service/catalogue.h"

namespace emulator {

Operations scm_operations() {
  using namespace scm;
  const std::string one = "/v3/scm/certificates/{certificate_id}";
  return {
      {Service::scm,
       "ListCertificates",
       "GET",
       "/v3/scm/certificates",
       list_certificates,
       {query_number("limit").one_of({"10", "20", "50"}),
        query_number("offset").within(0, 1'000'000'000),
        query_text("sort_dir").one_of({"ASC", "DESC"}),
        query_text("sort_key").one_of({"certExpiredTime", "certStatus", "certUpdateTime"}),
        query_text("status").one_of({"ALL", "PAID", "ISSUED", "CHECKING", "CANCELCHECKING",
                                     "UNPASSED", "EXPIRED", "REVOKEING", "REVOKING", "REVOKE",
                                     "REVOKED", "UPLOAD", "CHECKING_ORG", "ISSUING",
                                     "SUPPLEMENTCHECKING", "CHECKING_DOMAIN"}),
        query_flag("deploy_support"), query_flag("owned_by_self"),
        query_number("expired_days_since").within(0, 1095), query_text("content"),
        query_text("enterprise_project_id")}},
      {Service::scm, "ShowCertificate", "GET", one, show_certificate},
      {Service::scm, "DeleteCertificate", "DELETE", one, delete_certificate},
      {Service::scm, "ExportCertificate", "POST", one + "/export", export_certificate},
      {Service::scm,
       "ImportCertificate",
       "POST",
       "/v3/scm/certificates/import",
       import_certificate,
       {body_text("name").must().refused_as("SCM.0032"), body_text("certificate").must(),
        body_text("certificate_chain"), body_text("private_key").must().refused_as("SCM.0059"),
        body_flag("duplicate_check"), body_text("enterprise_project_id"),
        body_text("enc_certificate"), body_text("enc_private_key")}},
      {Service::scm,
       "SubscribeCertificate",
       "POST",
       "/v3/scm/certificates/buy",
       subscribe_certificate,
       {body_text("cert_brand")
            .must()
            .one_of({"GEOTRUST", "GLOBALSIGN", "GLOBALENGINE", "GLOBALLYSIGN", "SYMANTEC", "CFCA",
                     "TRUSTASIA", "VTRUS"})
            .refused_as("SCM.0049"),
        body_text("cert_type")
            .must()
            .one_of({"DV_SSL_CERT", "DV_SSL_CERT_BASIC", "EV_SSL_CERT", "EV_SSL_CERT_PRO",
                     "OV_SSL_CERT", "OV_SSL_CERT_PRO"})
            .refused_as("SCM.0050"),
        body_text("domain_type")
            .must()
            .one_of({"SINGLE_DOMAIN", "MULTI_DOMAIN", "WILDCARD"})
            .refused_as("SCM.0051"),
        body_number("effective_time").must().within(1, 3).refused_as("SCM.0052"),
        body_number("domain_numbers").must().within(1, 100).refused_as("SCM.0036"),
        body_number("order_number").must().within(1, 100).refused_as("SCM.0060"),
        body_flag("agree_privacy_protection").must(),
        body_text("primary_domain_type").one_of({"SINGLE_DOMAIN", "WILDCARD_DOMAIN"}),
        body_number("single_domain_number").within(1, 100),
        body_number("wildcard_domain_number").within(1, 100), body_flag("is_auto_pay"),
        body_text("order_id").within(0, 63),
        body_list("tags")
            .within(0, 10)
            .refused_as("SCM.0313")
            .of({body_text("key").must().within(0, 128).refused_as("SCM.0310"),
                 body_text("value").must().within(0, 255).refused_as("SCM.0309")}),
        body_text("enterprise_project_id")}},
      {Service::scm,
       "ApplyCertificate",
       "POST",
       one + "/apply",
       apply_certificate,
       {body_text("domain").must().within(0, 255), body_text("sans").within(0, 4096),
        body_text("csr").within(0, 5120), body_text("company_name").within(0, 63),
        body_text("company_unit").within(0, 63), body_text("company_province").within(0, 63),
        body_text("company_city").within(0, 63), body_text("country").within(0, 2),
        body_text("applicant_name").must().within(4, 100),
        body_text("applicant_phone").must().within(0, 63),
        body_text("applicant_email").must().within(0, 256), body_text("contact_name").within(0, 63),
        body_text("contact_phone").within(0, 63), body_text("contact_email").within(0, 256),
        body_flag("auto_dns_auth"), body_flag("agree_privacy_protection").must(),
        body_text("domain_method").within(0, 32).one_of({"DNS", "FILE", "EMAIL"}).any_case(),
        body_text("key_algorithm").within(0, 32),
        body_text("ca_hash_algorithm").one_of({"DEFAULT", "SHA-256"})}},
      {Service::scm, "CancelCertificateRequest", "POST", one + "/cancel-cert",
       cancel_certificate_request},
  };
}

}  // namespace emulator
