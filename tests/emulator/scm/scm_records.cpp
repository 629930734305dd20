// SPDX-License-Identifier: Apache-2.0
#include "scm/scm_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "ca/orders.h"
#include "pki/keys.h"
#include "pki/signing_request.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

constexpr const char* kScmCertificate = "scm_certificate";

std::string fresh_id(World& world) {
  for (std::int64_t time = world.clock.now_ms();; ++time) {
    std::string id = fmt::format("scs{:013}", time);
    if (world.store.find(kScmCertificate, id) == nullptr) return id;
  }
}

json time_text(const json& milliseconds) {
  return milliseconds.is_null() ? json() : json(scm_time(milliseconds.get<std::int64_t>()));
}

json pick(const json& record, std::initializer_list<const char*> fields) {
  json view = json::object();
  for (const char* field : fields) view[field] = record[field];
  return view;
}

bool is_ip(const std::string& name) {
  return name.find(':') != std::string::npos ||
         name.find_first_not_of("0123456789.") == std::string::npos;
}

// What change_later announced.
json advanced(World& world, json record, const json& next) {
  const auto state = next["status"].get<std::string>();
  // What was paid for can be applied for anew, with other names.
  if (state == "PAID") {
    record["domain"] = "";
    record["sans"] = nullptr;
    record["csr"] = "";
    record["authentification"] = json::array();
  }
  if (state == "REVOKED") record["revoke_ms"] = world.clock.now_ms();
  record["status"] = state;
  record["next"] = nullptr;
  return record;
}

// States change by themselves with time: an order moves on, an end is noticed.
json settled(World& world, const json& kept) {
  const std::int64_t now = world.clock.now_ms();
  const json record = with_order(world, kept);
  const auto state = record["status"].get<std::string>();
  if (const json next = record.value("next", json()); next.is_object() && next["at_ms"] <= now) {
    json changed = advanced(world, record, next);
    store_scm_record(world, changed);
    return changed;
  }
  const bool valid = state == "ISSUED" || state == "UPLOAD";
  if (valid && !record["not_after_ms"].is_null() && record["not_after_ms"] <= now) {
    json expired = record;
    expired["status"] = "EXPIRED";
    return expired;
  }
  return record;
}

}  // namespace

json new_scm_record(World& world, const std::string& domain_id) {
  const std::string id = fresh_id(world);
  const std::int64_t now = world.clock.now_ms();
  json record = {{"id", id},
                 {"name", fmt::format("scm-{}", id.substr(10))},
                 {"status", "PAID"},
                 {"type", "DV_SSL_CERT_BASIC"},
                 {"brand", "GEOTRUST"},
                 {"domain", ""},
                 {"sans", nullptr},
                 {"domain_type", "SINGLE_DOMAIN"},
                 {"domain_count", 1},
                 {"wildcard_count", 0},
                 {"validity_period", 12},
                 {"description", ""},
                 {"domain_id", domain_id},
                 {"enterprise_project_id", "0"},
                 {"deploy_support", false},
                 {"push_support", "OFF"},
                 {"shared", false},
                 {"order_id", ""},
                 {"create_ms", now},
                 {"update_ms", now},
                 {"remain_cert_number", 0},
                 {"authentification", json::array()},
                 {"certificate", ""},
                 {"certificate_chain", ""},
                 {"private_key", ""},
                 {"key_algorithm", "RSA2048"},
                 {"csr", ""},
                 {"tags", json::object()}};
  for (const char* field :
       {"signature_algorithm", "revoke_reason", "issue_time_ms", "not_before_ms", "not_after_ms",
        "validation_method", "multi_domain_type", "fingerprint", "application_info", "fail_reason",
        "origin_cert_id", "renewal_cert_id"}) {
    record[field] = nullptr;
  }
  return record;
}

void store_scm_record(World& world, json record) {
  record["update_ms"] = world.clock.now_ms();
  const auto id = record["id"].get<std::string>();
  world.store.put(kScmCertificate, id, std::move(record));
}

json require_scm_record(Call& call) {
  auto id = call.path.find("certificate_id");
  for (const char* name : {"cert_id", "resource_id"}) {
    if (id == call.path.end()) id = call.path.find(name);
  }
  const json* record = call.world.store.find(kScmCertificate, id->second);
  if (record == nullptr || (*record)["domain_id"] != call.caller.domain_id) {
    throw Refusal("SCM.0020");
  }
  return settled(call.world, *record);
}

std::vector<json> scm_records(World& world, const std::string& domain_id) {
  std::vector<json> records;
  // A copy: bringing a record up to date may write to the store.
  const Store::Documents all = world.store.all(kScmCertificate);
  for (const auto& [id, record] : all) {
    if (record["domain_id"] == domain_id) records.push_back(settled(world, record));
  }
  return records;
}

void enter_names(json& record, const std::vector<std::string>& names) {
  record["domain"] = names.front();
  const std::vector<std::string> others(names.begin() + 1, names.end());
  record["sans"] = others.empty() ? json() : json(join(others, ";"));
  const auto wildcards = std::count_if(names.begin(), names.end(),
                                       [](const auto& name) { return name.starts_with("*."); });
  const bool primary = names.front().starts_with("*.");
  record["domain_type"] = names.size() > 1 ? "MULTI_DOMAIN"
                          : primary        ? "WILDCARD"
                                           : "SINGLE_DOMAIN";
  record["multi_domain_type"] =
      names.size() > 1 ? json(primary ? "primary_wildcard" : "primary_single") : json();
  record["domain_count"] = std::min<std::size_t>(names.size(), 100);
  record["wildcard_count"] = std::min<std::ptrdiff_t>(wildcards, 99);
}

std::vector<std::string> names_of_record(const json& record) {
  std::vector<std::string> names = {record["domain"].get<std::string>()};
  if (!record["sans"].is_string()) return names;
  for (const std::string& name : split(record["sans"].get<std::string>(), ';')) {
    if (!trim(name).empty()) names.push_back(trim(name));
  }
  return names;
}

void enter_certificate(json& record, X509* leaf) {
  record["certificate"] = certificate_pem(leaf);
  record["signature_algorithm"] = signature_text(leaf);
  record["not_before_ms"] = start_of(leaf) * 1000;
  record["not_after_ms"] = end_of(leaf) * 1000;
  record["fingerprint"] = sha1_fingerprint(leaf);
  record["deploy_support"] = true;
  record["push_support"] = "ON";
}

void issue_scm_certificate(World& world, json& record, const ScmIssue& issue) {
  const Issuer issuer = named_issuer(world, "scm");
  auto request = parse_signing_request(issue.csr);
  const KeyHandle own = request ? nullptr : generate_key(issue.key);
  CertificateSpec spec;
  spec.subject = {{"common_name", issue.names.front().substr(0, 64)}};
  for (const std::string& name : issue.names) {
    spec.names.push_back({is_ip(name) ? "IP" : "DNS", name});
  }
  spec.public_key = request ? request->key.get() : own.get();
  spec.serial = fresh_serial(world);
  spec.not_before = issue.not_before;
  spec.not_after = issue.not_after;
  spec.key_usages = {"digitalSignature", "keyEncipherment"};
  spec.extended_key_usages = {"serverAuth", "clientAuth"};
  spec.ocsp_url = world.plain_url + "/pki/ocsp/scm";
  spec.crl_url = world.plain_url + "/pki/crl/scm";
  spec.must_staple = issue.must_staple;
  const CertificateHandle leaf = issue_certificate(spec, issuer.signer());
  enter_certificate(record, leaf.get());
  record["certificate_chain"] = certificate_pem(issuer.certificate());
  record["private_key"] = own == nullptr ? "" : private_key_pem(own.get());
  record["csr"] = issue.csr;
  record["status"] = "ISSUED";
  record["issue_time_ms"] = world.clock.now_ms();
  record["authentification"] = json::array();
}

Lifetime scm_lifetime(const World& world) {
  const json& wanted = world.options.value("scm_lifetime");
  Lifetime life;
  if (!wanted.is_object()) return life;
  life.seconds = wanted["seconds"].get<std::int64_t>();
  life.backdate = wanted.value("backdate", life.backdate);
  return life;
}

void issue_applied(World& world, json& record) {
  const std::int64_t now = world.clock.now_s();
  const Lifetime life = scm_lifetime(world);
  issue_scm_certificate(world, record,
                        {.names = names_of_record(record),
                         .key = record["key_algorithm"].get<std::string>(),
                         .csr = record["csr"].get<std::string>(),
                         .not_before = now - life.backdate,
                         .not_after = now + life.seconds});
}

json scm_order_view(const json& record) {
  const json end = record["not_after_ms"];
  return {{"cert_id", record["id"]},
          {"cert_name", record["name"]},
          {"domain", record["domain"]},
          {"cert_type", record["type"]},
          {"cert_brand", record["brand"]},
          {"domain_type", record["domain_type"]},
          {"purchase_period", 1},
          {"expired_time", end.is_null() ? json() : json(end.dump())},
          {"order_status", record["status"]},
          {"domain_num", record["domain_count"]},
          {"wildcard_number", record["wildcard_count"]},
          {"cert_des", record["description"]}};
}

json scm_list_view(const json& record) {
  json view =
      pick(record, {"id", "name", "domain", "sans", "signature_algorithm", "deploy_support", "type",
                    "brand", "domain_type", "validity_period", "status", "domain_count",
                    "wildcard_count", "description", "domain_id", "enterprise_project_id"});
  view["expire_time"] = time_text(record["not_after_ms"]);
  return view;
}

json scm_detail_view(const json& record) {
  json view = pick(record, {"id",
                            "status",
                            "order_id",
                            "name",
                            "type",
                            "brand",
                            "push_support",
                            "revoke_reason",
                            "signature_algorithm",
                            "validity_period",
                            "validation_method",
                            "domain_type",
                            "multi_domain_type",
                            "domain",
                            "sans",
                            "domain_count",
                            "wildcard_count",
                            "fingerprint",
                            "shared",
                            "application_info",
                            "description",
                            "authentification",
                            "enterprise_project_id"});
  view["issue_time"] = time_text(record["issue_time_ms"]);
  view["not_before"] = time_text(record["not_before_ms"]);
  view["not_after"] = time_text(record["not_after_ms"]);
  return view;
}

}  // namespace emulator
