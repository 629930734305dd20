// SPDX-License-Identifier: Apache-2.0
// The CSRs that SCM keeps, with the keys it made (API reference 4.1.4). Documents of kind "csr".
#include <algorithm>

#include "pki/keys.h"
#include "pki/signing_request.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

constexpr const char* kCsr = "csr";
const std::vector<std::string>& algorithms() {
  static const std::vector<std::string> kNames = {"RSA_2048", "RSA_3072", "RSA_4096",
                                                  "EC_P256",  "EC_P384",  "SM2"};
  return kNames;
}

json require_csr(const Call& call) {
  const json* record = call.world.store.find(kCsr, call.path.at("id"));
  if (record == nullptr || (*record)["domain_id"] != call.caller.domain_id) {
    throw Refusal("SCM.0707");
  }
  return *record;
}

std::vector<json> own_csrs(const Call& call) {
  std::vector<json> own;
  for (const auto& [id, record] : call.world.store.all(kCsr)) {
    if (record["domain_id"] == call.caller.domain_id) own.push_back(record);
  }
  return own;
}

json csr_view(const json& record, bool with_csr) {
  json view = record;
  view.erase("private_key");
  view.erase("domain_id");
  if (!with_csr) view.erase("csr");
  return view;
}

// Members that CreateCsr asks for and UploadCsr reads out of the CSR.
json new_record(const Call& call) {
  if (own_csrs(call).size() >= static_cast<std::size_t>(call.world.options.number("csr_quota"))) {
    throw Refusal("SCM.0025", "There are too many CSRs.");
  }
  const std::int64_t now = call.world.clock.now_ms();
  json record = {{"id", random_hex(16)},
                 {"name", call.body["name"]},
                 {"domain_id", call.caller.domain_id},
                 {"create_time", now},
                 {"update_time", now}};
  for (const char* field :
       {"sans", "usage", "company_country", "company_province", "company_city", "company_name"}) {
    record[field] = call.text(field).value_or("");
  }
  return record;
}

json keep_csr(Call& call, json record) {
  const auto id = record["id"].get<std::string>();
  call.world.store.put(kCsr, id, record);
  return record;
}

json company_subject(const Call& call, const std::string& domain) {
  json subject = {{"common_name", domain}};
  if (call.text("usage") != "ENTERPRISE") return subject;
  const std::pair<const char*, const char*> parts[] = {{"country", "company_country"},
                                                       {"state", "company_province"},
                                                       {"locality", "company_city"},
                                                       {"organization", "company_name"}};
  for (const auto& [part, field] : parts) {
    const std::string value = call.text(field).value_or("");
    if (trim(value).empty()) {
      throw Refusal("SCM.0005", std::string(field) + " is needed for ENTERPRISE.");
    }
    subject[part] = value;
  }
  if (subject["country"].get<std::string>().size() != 2) {
    throw Refusal("SCM.0005", "company_country takes two letters.");
  }
  return subject;
}

Reply create_csr(Call& call) {
  const std::string domain = trim(call.text("domain_name").value_or(""));
  if (domain.empty()) throw Refusal("SCM.0033");
  std::vector<AlternativeName> names = {{"DNS", domain}};
  for (const std::string& name : split(call.text("sans").value_or(""), ';')) {
    if (!trim(name).empty()) names.push_back({"DNS", trim(name)});
  }
  const std::string algorithm = call.text("private_key_algo").value_or("");
  const json subject = company_subject(call, domain);
  json record = new_record(call);
  const KeyHandle key = generate_key(algorithm == "SM2" ? "SM2" : key_kind(algorithm));
  record["domain_name"] = domain;
  record["private_key_algo"] = algorithm;
  record["csr"] = make_signing_request(subject, names, key.get());
  record["private_key"] = private_key_pem(key.get());
  return json_reply(201, csr_view(keep_csr(call, std::move(record)), false));
}

std::string algorithm_name(const EVP_PKEY* key) {
  const std::string kind = kind_of(key);
  for (const std::string& name : algorithms()) {
    if (key_kind(name) == kind) return name;
  }
  return kind;
}

Reply upload_csr(Call& call) {
  const std::string csr = call.text("csr").value_or("");
  const auto request = parse_signing_request(csr);
  if (!request) throw Refusal("SCM.0034");
  std::vector<std::string> names;
  for (const AlternativeName& name : request->names) names.push_back(name.value);
  if (request->subject.contains("common_name")) {
    const auto common = request->subject["common_name"].get<std::string>();
    std::erase(names, common);
    names.insert(names.begin(), common);
  }
  if (names.empty()) throw Refusal("SCM.0033");
  const std::string key_text = call.text("private_key").value_or("");
  if (!trim(key_text).empty()) {
    const KeyHandle key = parse_private_key(key_text);
    if (key == nullptr) throw Refusal("SCM.0012");
    if (EVP_PKEY_eq(key.get(), request->key.get()) != 1) throw Refusal("SCM.0014");
  }
  json record = new_record(call);
  record["domain_name"] = names.front();
  record["sans"] = join({names.begin() + 1, names.end()}, ";");
  record["usage"] = request->subject.contains("organization") ? "ENTERPRISE" : "PERSONAL";
  record["private_key_algo"] = algorithm_name(request->key.get());
  record["csr"] = csr;
  record["private_key"] = key_text;
  record = keep_csr(call, std::move(record));
  return json_reply(
      200,
      {{"id", record["id"]}, {"name", record["name"]}, {"create_time", record["create_time"]}});
}

Reply list_csrs(Call& call) {
  std::vector<json> records = own_csrs(call);
  const std::string name = call.text("name").value_or("");
  const std::string algorithm = call.text("private_key_algo").value_or("");
  std::erase_if(records, [&](const json& record) {
    return !contains(record["name"].get<std::string>(), name) ||
           (!algorithm.empty() && record.value("private_key_algo", "") != algorithm);
  });
  std::stable_sort(records.begin(), records.end(), [](const json& left, const json& right) {
    return left["create_time"] > right["create_time"];
  });
  const auto offset = static_cast<std::size_t>(call.number("offset", 0));
  const auto end =
      std::min(records.size(), offset + static_cast<std::size_t>(call.number("limit", 10)));
  json page = json::array();
  for (std::size_t at = offset; at < end; ++at) page.push_back(csr_view(records[at], true));
  return json_reply(200, {{"csr_list", page}, {"total", records.size()}});
}

Reply show_csr(Call& call) {
  return json_reply(200, csr_view(require_csr(call), true));
}

Reply update_csr(Call& call) {
  json record = require_csr(call);
  record["name"] = call.body["name"];
  record["update_time"] = call.world.clock.now_ms();
  return json_reply(200, csr_view(keep_csr(call, std::move(record)), true));
}

Reply delete_csr(Call& call) {
  call.world.store.remove(kCsr, require_csr(call)["id"].get<std::string>());
  return empty_reply(204);
}

Reply show_csr_key(Call& call) {
  const json record = require_csr(call);
  // Undocumented for an uploaded CSR without its key; this is the code for a missing key elsewhere.
  if (is_blank(record, "private_key")) throw Refusal("SCM.0059");
  return json_reply(200, {{"private_key", record["private_key"]}});
}

}  // namespace

Operations scm_csr_operations() {
  const std::string all = "/v3/scm/csr";
  const std::string one = all + "/{id}";
  return {
      {Service::scm,
       "CreateCsr",
       "POST",
       all,
       create_csr,
       {body_text("name").must().within(0, 63), body_text("domain_name").must().within(0, 63),
        body_text("sans").within(0, 255),
        body_text("private_key_algo").must().within(0, 63).one_of(algorithms()),
        body_text("usage").must().within(0, 255).one_of({"PERSONAL", "ENTERPRISE"}),
        body_text("company_country").within(0, 255), body_text("company_province").within(0, 255),
        body_text("company_city").within(0, 255), body_text("company_name").within(0, 255)}},
      {Service::scm,
       "ListCsr",
       "GET",
       all,
       list_csrs,
       {query_number("limit").one_of({"10", "20", "50"}), query_number("offset").within(0, 100),
        query_text("name").within(0, 32),
        query_text("private_key_algo").within(0, 64).one_of(algorithms())}},
      {Service::scm, "ShowCsr", "GET", one, show_csr},
      {Service::scm,
       "UpdateCsr",
       "PUT",
       one,
       update_csr,
       {body_text("name").must().within(0, 255)}},
      {Service::scm, "DeleteCsr", "DELETE", one, delete_csr},
      {Service::scm,
       "UploadCsr",
       "POST",
       all + "/upload",
       upload_csr,
       {body_text("name").must().within(0, 63), body_text("csr").must().within(0, 5120),
        body_text("private_key").within(0, 4096)}},
      {Service::scm, "ShowCsrPrivateKey", "GET", one + "/private-key", show_csr_key},
  };
}

}  // namespace emulator
