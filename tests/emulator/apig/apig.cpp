// SPDX-License-Identifier: Apache-2.0
// Certificates of API Gateway (dedicated gateways, v2): create, list, show, replace, delete.
#include "apig/apig.h"

#include <fmt/format.h>

#include <algorithm>

#include "pki/issuance.h"
#include "pki/keys.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

constexpr const char* kApigCertificate = "apig_certificate";

[[noreturn]] void invalid(const std::string& detail) {
  throw Refusal("APIG.3325", detail);
}

void check_apig_name(const std::string& name) {
  const bool shaped = !name.empty() &&
                      std::isalpha(static_cast<unsigned char>(name.front())) != 0 &&
                      std::all_of(name.begin(), name.end(), [](unsigned char character) {
                        return std::isalnum(character) != 0 || character == '_';
                      });
  if (!shaped) invalid("name begins with a letter and has letters, digits and '_'.");
}

json list_of(const json& subject, const char* part) {
  return subject.contains(part) ? json::array({subject[part]}) : json::array();
}

void enter_facts(json& record, X509* leaf) {
  const json subject = subject_of(X509_get_subject_name(leaf));
  json names = json::array();
  for (const AlternativeName& name : alternative_names(leaf)) names.push_back(name.value);
  record.update({{"common_name", subject.value("common_name", "")},
                 {"san", names},
                 {"version", X509_get_version(leaf) + 1},
                 {"organization", list_of(subject, "organization")},
                 {"organizational_unit", list_of(subject, "organizational_unit")},
                 {"locality", list_of(subject, "locality")},
                 {"state", list_of(subject, "state")},
                 {"country", list_of(subject, "country")},
                 {"not_before", iso_time(start_of(leaf) * 1000)},
                 {"not_after", iso_time(end_of(leaf) * 1000)},
                 {"serial_number", serial_hex(leaf)},
                 {"signature_algorithm", signature_text(leaf)},
                 {"issuer", list_of(subject_of(X509_get_issuer_name(leaf)), "common_name")}});
}

Reply create(Call& call) {
  return json_reply(200, gateway_certificate_view(add_gateway_certificate(call)));
}

Reply list_apig_certificates(Call& call) {
  std::vector<json> records;
  for (const auto& [id, record] : call.world.store.all(kApigCertificate)) {
    bool fits = record["project_id"] == call.path.at("project_id");
    for (const char* field : {"name", "common_name"}) {
      fits = fits && contains(record[field].get<std::string>(), call.text(field).value_or(""));
    }
    for (const char* field : {"signature_algorithm", "type", "algorithm_type"}) {
      const auto wanted = call.text(field);
      fits = fits && (!wanted || record[field] == *wanted);
    }
    // A gateway sees its own certificates and the global ones.
    const auto instance = call.text("instance_id");
    fits = fits && (!instance || record["type"] == "global" || record["instance_id"] == *instance);
    if (fits) records.push_back(record);
  }
  const auto offset = static_cast<std::size_t>(call.number("offset", 0));
  const auto end =
      std::min(records.size(), offset + static_cast<std::size_t>(call.number("limit", 20)));
  json page = json::array();
  for (std::size_t at = offset; at < end; ++at) {
    page.push_back(gateway_certificate_view(records[at]));
  }
  return json_reply(200, {{"size", page.size()}, {"total", records.size()}, {"certs", page}});
}

Reply show(Call& call) {
  return json_reply(200, gateway_certificate_view(
                             require_gateway_certificate(call, call.path.at("certificate_id"))));
}

Reply update(Call& call) {
  json record = require_gateway_certificate(call, call.path.at("certificate_id"));
  enter_gateway_certificate(call, record);
  record["update_time"] = iso_time(call.world.clock.now_ms());
  store_gateway_certificate(call, record);
  return json_reply(200, gateway_certificate_view(record));
}

Reply remove(Call& call) {
  const json record = require_gateway_certificate(call, call.path.at("certificate_id"));
  for (const auto& [id, domain] : call.world.store.all("apig_domain")) {
    const json& bound = domain["certificate_ids"];
    if (std::find(bound.begin(), bound.end(), record["id"]) != bound.end()) {
      invalid("The certificate is bound to a domain.");
    }
  }
  call.world.store.remove(kApigCertificate, record["id"].get<std::string>());
  return empty_reply(204);
}

std::vector<Parameter> form() {
  return {body_text("name").must().within(4, 50),
          body_text("cert_content").must().within(1, INT64_MAX),
          body_text("private_key").must().within(1, INT64_MAX),
          body_text("type").one_of({"global", "instance"}),
          body_text("instance_id"),
          body_text("trusted_root_ca"),
          body_text("algorithm_type").one_of({"RSA", "ECC", "SM2"}),
          body_text("cert_content_sign"),
          body_text("private_key_sign")};
}

}  // namespace

void enter_gateway_certificate(const Call& call, json& record) {
  const std::string name = call.text("name").value_or("");
  check_apig_name(name);
  if (call.text("algorithm_type") == "SM2") invalid("SM2 certificates are not taken.");
  const Certificates chain = parse_certificates(call.text("cert_content").value_or(""));
  if (chain.empty()) invalid("cert_content is no PEM certificate.");
  X509* const leaf = chain.front().get();
  const KeyHandle key = parse_private_key(call.text("private_key").value_or(""));
  if (key == nullptr) invalid("private_key is no PEM key.");
  if (X509_check_private_key(leaf, key.get()) != 1) invalid("The key is not the certificate's.");
  const std::string type = call.text("type").value_or("global");
  const std::string instance = call.text("instance_id").value_or("");
  if (type == "instance" && instance.empty()) invalid("instance_id is missing.");
  const std::string trusted = call.text("trusted_root_ca").value_or("");
  if (!trim(trusted).empty() && parse_certificates(trusted).empty()) {
    invalid("trusted_root_ca is no PEM certificate.");
  }
  record.update({{"name", name},
                 {"type", type},
                 {"instance_id", type == "global" ? "common" : instance},
                 {"is_has_trusted_root_ca", !trim(trusted).empty()},
                 {"algorithm_type", algorithm_of(key.get()) == "RSA" ? "RSA" : "ECC"},
                 {"certificate", certificates_pem(chain)},
                 {"private_key", private_key_pem(key.get())}});
  enter_facts(record, leaf);
}

json add_gateway_certificate(const Call& call) {
  const std::string now = iso_time(call.world.clock.now_ms());
  json record = {{"id", random_hex(16)},
                 {"domain_id", call.caller.domain_id},
                 {"project_id", call.path.at("project_id")},
                 {"create_time", now},
                 {"update_time", now}};
  enter_gateway_certificate(call, record);
  store_gateway_certificate(call, record);
  return record;
}

json require_gateway_certificate(const Call& call, const std::string& id) {
  const json* record = call.world.store.find(kApigCertificate, id);
  if (record == nullptr || (*record)["project_id"] != call.path.at("project_id")) {
    throw Refusal(404, "APIG.3030", fmt::format("The certificate does not exist;id:{}", id));
  }
  return *record;
}

void store_gateway_certificate(const Call& call, const json& record) {
  call.world.store.put(kApigCertificate, record["id"].get<std::string>(), record);
}

json gateway_certificate_view(const json& record) {
  json view = record;
  for (const char* field : {"domain_id", "certificate", "private_key"}) view.erase(field);
  return view;
}

Operations apig_operations() {
  const std::string all = "/v2/{project_id}/apigw/certificates";
  const std::string one = all + "/{certificate_id}";
  return {
      {Service::apig, "CreateCertificateV2", "POST", all, create, form()},
      {Service::apig,
       "ListCertificatesV2",
       "GET",
       all,
       list_apig_certificates,
       {query_number("offset").within(0, 1'000'000'000), query_number("limit").within(1, 500),
        query_text("name"), query_text("common_name"), query_text("signature_algorithm"),
        query_text("type").one_of({"global", "instance"}), query_text("instance_id").must(),
        query_text("algorithm_type").one_of({"RSA", "ECC", "SM2"})}},
      {Service::apig, "ShowDetailsOfCertificateV2", "GET", one, show},
      {Service::apig, "UpdateCertificateV2", "PUT", one, update, form()},
      {Service::apig, "DeleteCertificateV2", "DELETE", one, remove},
  };
}

}  // namespace emulator
