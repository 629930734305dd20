// SPDX-License-Identifier: Apache-2.0
// The historical v2 calls of SCM on applications (API reference 7.1): saved drafts, CSRs checked
// beforehand, pictures of documents, names added later.
#include <algorithm>

#include "ca/orders.h"
#include "scm/scm_handlers.h"
#include "scm/scm_records.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

using namespace scm;

constexpr std::size_t kLargestPicture = 5U * 1024 * 1024;

Reply accepted() {
  return json_reply(200, {{"request_info", "success"}});
}

Reply check_csr_v2(Call& call) {
  const std::string name = csr_names(call.text("csr").value_or("")).front();
  // The table says domain_name, the example domain.
  return json_reply(200, {{"domain_name", name}, {"domain", name}});
}

Reply save_application(Call& call) {
  json record = require_scm_record(call);
  if (record["status"] != "PAID") throw Refusal("SCM.0010");
  json draft = application_info(call);
  for (const char* field : {"domain", "sans", "csr", "company_unit"}) {
    draft[field] = call.text(field).value_or("");
  }
  record["draft"] = std::move(draft);
  store_scm_record(call.world, std::move(record));
  return accepted();
}

Reply read_application(Call& call) {
  const json record = require_scm_record(call);
  json draft = record.value("draft", json::object());
  if (record["application_info"].is_object()) draft.update(record["application_info"]);
  json view = {{"domain_name", draft.value("domain", record["domain"].get<std::string>())},
               {"sans", draft.value("sans", "")},
               {"CSR", draft.value("csr", "")}};
  for (const char* field : {"country", "company_name", "company_unit", "company_province",
                            "company_city", "applicant_name", "applicant_phone", "applicant_email",
                            "contact_name", "contact_phone", "contact_email"}) {
    view[field] = draft.value(field, "");
  }
  const json pictures = record.value("pictures", json::object());
  view["bl"] = pictures.contains("BL") ? "1" : "0";
  view["tl"] = pictures.contains("TL") ? "1" : "0";
  return json_reply(200, view);
}

// The body is the picture itself; only that it came is kept.
Reply upload_picture(Call& call) {
  const std::string type = call.path.at("type");
  if (type != "BL" && type != "TL") throw Refusal("SCM.0005", "type must be one of BL, TL.");
  json record = require_scm_record(call);
  if (call.request.body.empty()) throw Refusal("SCM.0005", "The picture is missing.");
  if (call.request.body.size() > kLargestPicture) throw Refusal("SCM.0065");
  record["pictures"][type] = hex(sha256(call.request.body));
  store_scm_record(call.world, std::move(record));
  return accepted();
}

Reply cancel_consent(Call& call) {
  json record = require_scm_record(call);
  if (record["status"].get<std::string>().starts_with("CHECKING")) throw Refusal("SCM.0064");
  record["application_info"] = nullptr;
  record.erase("draft");
  store_scm_record(call.world, std::move(record));
  return json_reply(200, {{"message", "success"}});
}

std::vector<std::string> listed_names(const std::string& text) {
  std::vector<std::string> names;
  for (const std::string& name : split(text, ';')) {
    if (!trim(name).empty()) names.push_back(trim(name));
  }
  return names;
}

Reply supplement_domains(Call& call) {
  json record = require_scm_record(call);
  if (record["status"] != "ISSUED") throw Refusal("SCM.0010");
  if (record["domain_type"] != "MULTI_DOMAIN") throw Refusal("SCM.0066");
  const std::string known = record["sans"].is_string() ? record["sans"].get<std::string>() : "";
  if (listed_names(call.text("ori_sans").value_or("")) != listed_names(known))
    throw Refusal("SCM.0067");
  std::vector<std::string> names = names_of_record(record);
  const auto before = names.size();
  for (const std::string& name : listed_names(call.text("add_sans").value_or(""))) {
    names.push_back(name);
  }
  if (names.size() == before) throw Refusal("SCM.0005", "add_sans is empty.");
  check_names(record, names);
  // Only the added names have to be proven.
  open_order(call.world, record,
             {.names = {names.begin() + static_cast<std::ptrdiff_t>(before), names.end()},
              .certified = names,
              .method = "DNS"});
  store_scm_record(call.world, std::move(record));
  return accepted();
}

Reply show_verification(Call& call) {
  const json record = require_scm_record(call);
  const json& proofs = record["authentification"];
  if (proofs.empty()) throw Refusal("SCM.0010");
  const json info = record["application_info"];
  const std::string email = info.is_object() ? info.value("applicant_email", "") : "";
  return json_reply(200, {{"domain_name", record["domain"]},
                          {"domain_email", email},
                          {"record_name", proofs[0]["record_name"]},
                          {"record_value", proofs[0]["record_value"]},
                          {"record_type", proofs[0]["record_type"]},
                          {"domain_method", lower(record["validation_method"].get<std::string>())},
                          {"applicant_email", email},
                          {"auto_dns_auth", record.value("auto_dns_auth", false)}});
}

// The company is asked for by the handler, because it is needed for OV and EV only.
std::vector<Parameter> application_parameters() {
  std::vector<Parameter> parameters = {
      body_text("domain").must(), body_text("applicant_name").must(),
      body_text("applicant_phone").must(), body_text("applicant_email").must(),
      body_flag("agree_privacy_protection").must()};
  for (const char* field :
       {"sans", "csr", "company_name", "company_unit", "company_province", "company_city",
        "country", "contact_name", "contact_phone", "contact_email"}) {
    parameters.push_back(body_text(field));
  }
  return parameters;
}

std::vector<Parameter> submission_parameters() {
  std::vector<Parameter> parameters = application_parameters();
  parameters.push_back(body_flag("auto_dns_auth"));
  parameters.push_back(
      body_text("domain_method").must().one_of({"dns", "file", "email"}).any_case());
  return parameters;
}

}  // namespace

Operations scm_history_application_operations() {
  const std::string room = "/v2/{project_id}/scm";
  const std::string one = room + "/cert/{cert_id}";
  return {
      {Service::scm, "V2ApplyCertificate", "POST", one + "/complete", apply_certificate,
       submission_parameters()},
      {Service::scm,
       "V2CheckCsr",
       "POST",
       room + "/check-csr",
       check_csr_v2,
       {body_text("csr").must().within(1, 5120).refused_as("SCM.0034")}},
      {Service::scm, "V2SaveApplication", "POST", one + "/save", save_application,
       application_parameters()},
      {Service::scm, "V2ReadApplication", "POST", one + "/read", read_application},
      {Service::scm, "V2CancelApplication", "POST", one + "/cancel-cert",
       cancel_certificate_request},
      {Service::scm, "V2UploadAuthentication", "POST", one + "/info/{type}/upload_authentication",
       upload_picture},
      {Service::scm, "V2CancelPrivacyConsent", "DELETE", room + "/privacy-protection/{cert_id}",
       cancel_consent},
      {Service::scm,
       "V2SupplementDomains",
       "POST",
       one + "/supplement",
       supplement_domains,
       {body_text("ori_sans").must(), body_text("add_sans"), body_text("email")}},
      {Service::scm, "V2ShowDomainVerification", "GET", one + "/domain-verify", show_verification},
  };
}

}  // namespace emulator
