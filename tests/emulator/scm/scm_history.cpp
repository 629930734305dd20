// SPDX-License-Identifier: Apache-2.0
// The historical v2 calls of SCM on certificates (API reference 7.1), on the same records as v3.
// Older names and answers, among them the only ways to revoke and to rename.
#include <algorithm>

#include "admin/targets.h"
#include "pki/archive.h"
#include "scm/scm_deployment.h"
#include "scm/scm_handlers.h"
#include "scm/scm_records.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

using namespace scm;

struct Product {
  const char* id;
  const char* type;
  const char* brand;
  const char* domain_type;
  int years;
};
constexpr Product kProducts[] = {
    {"8ff2e6a1c0de4cf6a1d0f1f0c1a2b301", "OV_SSL_CERT", "GEOTRUST", "SINGLE_DOMAIN", 1},
    {"8ff2e6a1c0de4cf6a1d0f1f0c1a2b302", "OV_SSL_CERT", "GEOTRUST", "MULTI_DOMAIN", 1},
    {"8ff2e6a1c0de4cf6a1d0f1f0c1a2b303", "OV_SSL_CERT", "GLOBALSIGN", "WILDCARD", 2},
    {"8ff2e6a1c0de4cf6a1d0f1f0c1a2b304", "EV_SSL_CERT", "GEOTRUST", "SINGLE_DOMAIN", 1},
    {"8ff2e6a1c0de4cf6a1d0f1f0c1a2b305", "EV_SSL_CERT", "SYMANTEC", "MULTI_DOMAIN", 2}};

json product_view(const Product& product) {
  return {{"cert_type", product.type},
          {"cert_brand", product.brand},
          {"domain_type", product.domain_type},
          {"effective_time", product.years}};
}

Reply list_products(Call&) {
  json list = json::array();
  for (const Product& product : kProducts) {
    json view = product_view(product);
    view["product_id"] = product.id;
    view["product_name"] = std::string(product.brand) + " " + product.type;
    list.push_back(std::move(view));
  }
  return json_reply(200, {{"type_list", list}});
}

Reply show_product(Call& call) {
  for (const Product& product : kProducts) {
    if (call.path.at("product_id") == product.id) return json_reply(200, product_view(product));
  }
  throw Refusal("SCM.0017");
}

Reply done() {
  return json_reply(200, {{"message", "success"}});
}

Reply list_certificates_v2(Call& call) {
  const std::vector<json> records = chosen_records(call, "order_status");
  const auto offset = static_cast<std::size_t>(call.number("offset", 0));
  const auto end =
      std::min(records.size(), offset + static_cast<std::size_t>(call.number("limit", 10)));
  json page = json::array();
  for (std::size_t at = offset; at < end; ++at) page.push_back(scm_order_view(records[at]));
  return json_reply(200, {{"total", records.size()},
                          {"free_remain", call.world.options.number("free_certificate_quota")},
                          {"order_list", page}});
}

json auth_view(const json& record) {
  json list = json::array();
  for (const json& each : record["authentification"]) {
    list.push_back({{"method", record["validation_method"]},
                    {"status", "CHECKING"},
                    {"domain_name", each["domain"]},
                    {"host_record", each["record_name"]},
                    {"record_type", each["record_type"]},
                    {"record", each["record_value"]}});
  }
  return list;
}

Reply show_certificate_v2(Call& call) {
  const json record = require_scm_record(call);
  json view = {{"cert_id", record["id"]},
               {"order_id", record["order_id"]},
               {"cert_name", record["name"]},
               {"cert_type", record["type"]},
               {"cert_brand", record["brand"]},
               {"domain_type", record["domain_type"]},
               {"domain_name", record["domain"]},
               {"domain_number", record["domain_count"]},
               {"cert_describe", record["description"]},
               {"push_support", lower(record["push_support"].get<std::string>())},
               {"revoke_reason", record["revoke_reason"]},
               {"status", record["status"]},
               {"encrypt_type", record["key_algorithm"]},
               {"DNS_push_status", "NONE"},
               {"auth", auth_view(record)}};
  const json info = record["application_info"].is_object() ? record["application_info"] : json({});
  for (const char* field :
       {"company_name", "company_province", "company_city", "applicant_name", "applicant_phone",
        "applicant_email", "contact_name", "contact_phone", "contact_email", "country"}) {
    view[field] = info.value(field, "");
  }
  view["organization_unit"] = info.value("company_unit", "");
  return json_reply(200, view);
}

Reply modify_certificate(Call& call) {
  json record = require_scm_record(call);
  const std::string value = call.text("modify_value").value_or("");
  if (call.text("modify_key") == "CERT_NAME") {
    if (!is_certificate_name(call, value)) throw Refusal("SCM.0024", value);
    record["name"] = value;
  } else {
    record["description"] = value;
  }
  store_scm_record(call.world, std::move(record));
  return json_reply(200, {{"response_info", "success"}});
}

Reply delete_certificate_v2(Call& call) {
  delete_certificate(call);
  return done();
}

// The reference speaks of a .rar file; that format cannot be written freely, so this is a ZIP.
Reply download_certificate(Call& call) {
  const json record = require_scm_record(call);
  const json exported = json::parse(export_certificate(call).body);
  std::vector<std::pair<std::string, std::string>> entries = {
      {"server.crt", exported["entire_certificate"]}};
  if (!is_blank(exported, "private_key")) {
    entries.emplace_back("server.key", exported["private_key"]);
  }
  Reply reply;
  reply.body = make_zip(entries);
  reply.headers = {{"Content-Type", "application/octet-stream"},
                   {"Content-Disposition",
                    "attachment; filename=\"" + record["id"].get<std::string>() + ".zip\""}};
  return reply;
}

Reply upload_certificate(Call& call) {
  const json id = import_into_scm(call, {.name = call.text("cert_name").value_or(""),
                                         .certificate = call.text("cert").value_or(""),
                                         .chain = "",
                                         .private_key = call.text("private_key").value_or("")});
  return json_reply(200, {{"cert_id", id}});
}

Reply revoke_certificate_v2(Call& call) {
  json record = require_scm_record(call);
  const std::string reason = trim(call.text("reason").value_or(""));
  if (reason.empty()) throw Refusal("SCM.0027");
  if (record["status"] != "ISSUED") throw Refusal("SCM.0026");
  record["revoke_reason"] = reason;
  record["status"] = "REVOKING";
  change_later(call, record, "REVOKED", call.world.options.number("issue_after_ms"));
  store_scm_record(call.world, std::move(record));
  return done();
}

Reply push_certificate_v2(Call& call) {
  const json record = require_scm_record(call);
  if (record["push_support"] != "ON") throw Refusal("SCM.0010");
  if (is_blank(record, "private_key")) throw Refusal("SCM.0059");
  push_certificate(call, record, upper(call.text("service_type").value_or("")),
                   call.text("remote_project").value_or(""));
  return done();
}

Reply list_pushes(Call& call) {
  const json record = require_scm_record(call);
  json list = json::array();
  for (const json& push : pushes_of(call.world, record["id"].get<std::string>())) {
    list.push_back({{"push_time", std::to_string(push["time"].get<std::int64_t>())},
                    {"push_remote_project", push["region"]},
                    {"push_service", push["service"]}});
  }
  return json_reply(200, {{"push_history_list", list}});
}

std::vector<Parameter> list_parameters() {
  return {query_text("order_status")
              .one_of({"PAID", "ISSUED", "CHECKING", "CANCELCHECKING", "UNPASSED", "EXPIRED",
                       "REVOKING", "REVOKE", "UPLOAD", "SUPPLEMENTCHECKING", "CANCELSUPPLEMENTING"})
              .refused_as("SCM.0072"),
          query_text("content"),
          query_text("sort_key").one_of({"certExpiredTime", "certStatus", "certUpdateTime"}),
          query_text("sort_dir").one_of({"ASC", "DESC"}),
          query_number("limit").one_of({"10", "20", "50"}),
          query_number("offset").within(1, 30)};
}

std::vector<Parameter> purchase_parameters() {
  return {body_text("cert_brand")
              .must()
              .one_of({"GEOTRUST", "GLOBALSIGN", "GLOBALENGINE", "SYMANTEC", "CFCA", "TRUSTASIA",
                       "VTRUS"})
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
          body_number("effective_time").must().one_of({"1", "2"}).refused_as("SCM.0052"),
          body_number("domain_numbers").must().within(1, 100).refused_as("SCM.0036"),
          body_number("order_number").must().within(1, 1000).refused_as("SCM.0060"),
          body_flag("agree_privacy_protection").must()};
}

}  // namespace

Operations scm_history_operations() {
  const std::string room = "/v2/{project_id}/scm";
  const std::string one = room + "/cert/{cert_id}";
  return {
      {Service::scm, "V2PurchaseCertificate", "POST", room + "/cert/purchase",
       subscribe_certificate, purchase_parameters()},
      {Service::scm, "V2ListCertificates", "GET", room + "/certlist", list_certificates_v2,
       list_parameters()},
      {Service::scm, "V2ListProductTypes", "GET", room + "/cert/product", list_products},
      {Service::scm, "V2ShowProduct", "GET", room + "/product/{product_id}", show_product},
      {Service::scm, "V2ShowCertificate", "GET", one, show_certificate_v2},
      {Service::scm,
       "V2ModifyCertificate",
       "PUT",
       one,
       modify_certificate,
       {body_text("modify_key").must().one_of({"CERT_NAME", "DESCRIPTION"}).refused_as("SCM.0023"),
        body_text("modify_value").must().within(0, 255).refused_as("SCM.0024")}},
      {Service::scm, "V2DeleteCertificate", "DELETE", one, delete_certificate_v2},
      {Service::scm, "V2DownloadCertificate", "GET", one + "/cert_file", download_certificate},
      {Service::scm,
       "V2UploadCertificate",
       "POST",
       room + "/cert/upload",
       upload_certificate,
       {body_text("cert_name").must().within(0, 63).refused_as("SCM.0032"),
        body_text("cert").must(), body_text("private_key").must()}},
      {Service::scm,
       "V2RevokeCertificate",
       "POST",
       one + "/revoke",
       revoke_certificate_v2,
       {body_text("reason").must().within(0, 63).refused_as("SCM.0027")}},
      {Service::scm,
       "V2PushCertificate",
       "POST",
       one + "/push",
       push_certificate_v2,
       {body_text("service_type").must().one_of({"CDN", "WAF"}).refused_as("SCM.0030"),
        body_text("remote_project").must().refused_as("SCM.0061")}},
      {Service::scm, "V2ListPushHistory", "GET", one + "/push-history", list_pushes},
  };
}

}  // namespace emulator
