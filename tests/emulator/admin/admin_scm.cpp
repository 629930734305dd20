// SPDX-License-Identifier: Apache-2.0
// Admin side: SSL certificates made on the spot, their successors and their states.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "admin/admin_handlers.h"
#include "ca/orders.h"
#include "pki/certificate_effects.h"
#include "pki/keys.h"
#include "pki/signing_request.h"
#include "scm/scm_records.h"
#include "text.h"
#include "world.h"

namespace emulator::admin {
namespace {

json scm_record(const Call& call) {
  const json* record = call.world.store.find("scm_certificate", call.path.at("id"));
  if (record == nullptr) refuse("there is no such SCM certificate", 404);
  return *record;
}

json scm_record_view(const json& record) {
  json view = record;
  view["names"] = names_of_record(record);
  const auto pem = record["certificate"].get<std::string>();
  if (!pem.empty()) view["serial"] = serial_hex(parse_certificates(pem).front().get());
  return view;
}

Reply keep_scm(Call& call, const json& record, int status = 200) {
  store_scm_record(call.world, record);
  return json_reply(status, scm_record_view(record));
}

// A mistyped field would otherwise be ignored in silence.
void check_fields(const Call& call) {
  static const std::set<std::string> kFields = {"names",  "key",     "not_before", "not_after",
                                                "days",   "seconds", "csr",        "with_key",
                                                "name",   "type",    "brand",      "description",
                                                "status", "id",      "domain_id",  "must_staple"};
  if (!call.body.is_object()) return;
  for (const auto& [name, value] : call.body.items()) {
    if (kFields.count(name) == 0) refuse(fmt::format("a certificate has no field \"{}\"", name));
  }
}

std::vector<std::string> asked_names(const Call& call) {
  std::vector<std::string> names;
  if (!call.body.is_object() || !call.body.contains("names")) return names;
  if (!call.body["names"].is_array()) refuse("\"names\" is a list of DNS names");
  for (const json& name : call.body["names"]) {
    if (!name.is_string() || name.get<std::string>().empty()) refuse("every name is a text");
    names.push_back(name.get<std::string>());
  }
  return names;
}

std::string key_in(const Call& call, const std::string& standard) {
  std::string kind = key_kind(call.text("key").value_or(standard));
  if (kind.empty()) refuse("\"key\" is RSA2048, RSA3072, RSA4096, RSA1024, EC256 or EC384");
  return kind;
}

// Offsets in seconds from now: not_before, and not_after, seconds or days for the end.
void enter_period(const Call& call, std::int64_t standard_length, ScmIssue& issue) {
  const std::int64_t now = call.world.clock.now_s();
  const std::int64_t start = call.number("not_before", -3600);
  std::int64_t end = standard_length;
  end = call.number("days", end / kDay) * kDay + (call.body.contains("days") ? 0 : end % kDay);
  end = call.number("seconds", end);
  end = call.number("not_after", end);
  if (end <= start) refuse("the certificate must end after it starts");
  issue.not_before = now + start;
  issue.not_after = now + end;
}

void enter_fields(const Call& call, json& record) {
  for (const char* field : {"name", "type", "brand", "description"}) {
    if (const auto text = call.text(field)) record[field] = *text;
  }
  if (const auto id = call.text("id")) record["id"] = *id;
  if (!call.flag("with_key", true)) record["private_key"] = "";
  if (const auto state = call.text("status")) record["status"] = *state;
}

std::string csr_in(const Call& call) {
  std::string csr = call.text("csr").value_or("");
  if (!csr.empty() && !parse_signing_request(csr)) refuse("\"csr\" is a PEM signing request");
  return csr;
}

std::vector<std::string> names_of_csr(const std::string& csr) {
  std::vector<std::string> names;
  const auto request = parse_signing_request(csr);
  if (!request) return names;
  for (const AlternativeName& name : request->names) names.push_back(name.value);
  return names;
}

}  // namespace

Reply list_scm(Call& call) {
  json list = json::array();
  for (const auto& [id, record] : call.world.store.all("scm_certificate")) {
    list.push_back(scm_record_view(record));
  }
  return json_reply(200, {{"certificates", list}});
}

Reply show_scm(Call& call) {
  return json_reply(200, scm_record_view(scm_record(call)));
}

Reply create_scm(Call& call) {
  check_fields(call);
  const std::string standard = call.world.accounts.demo()["domain_id"].get<std::string>();
  const std::string domain_id = call.text("domain_id").value_or(standard);
  if (call.world.accounts.account(domain_id) == nullptr) refuse("there is no such account", 404);
  ScmIssue issue;
  issue.csr = csr_in(call);
  issue.names = asked_names(call);
  if (issue.names.empty()) issue.names = names_of_csr(issue.csr);
  if (issue.names.empty()) refuse("a certificate takes {\"names\": [\"www.example.com\"], ...}");
  issue.key = key_in(call, "RSA2048");
  enter_period(call, scm_lifetime(call.world).seconds, issue);
  issue.must_staple = call.flag("must_staple", false);
  json record = new_scm_record(call.world, domain_id);
  enter_names(record, issue.names);
  record["key_algorithm"] = issue.key;
  issue_scm_certificate(call.world, record, issue);
  enter_fields(call, record);
  return keep_scm(call, record, 201);
}

Reply renew_scm(Call& call) {
  check_fields(call);
  json old = scm_record(call);
  const auto pem = old["certificate"].get<std::string>();
  if (pem.empty()) refuse("only an issued certificate can be renewed");
  const Certificates former = parse_certificates(pem);
  ScmIssue issue;
  issue.names = asked_names(call);
  if (issue.names.empty()) issue.names = names_of_record(old);
  issue.csr = csr_in(call);
  // Without a key in the cloud the successor is for the key that the operator has.
  const bool cloud_key = !is_blank(old, "private_key");
  if (issue.csr.empty() && !cloud_key) issue.csr = old["csr"].get<std::string>();
  issue.key = key_in(call, kind_of(X509_get0_pubkey(former.front().get())));
  const std::int64_t length =
      std::max<std::int64_t>(60, end_of(former.front().get()) - start_of(former.front().get()));
  enter_period(call, length, issue);
  issue.must_staple = call.flag("must_staple", false);
  json record = new_scm_record(call.world, old["domain_id"].get<std::string>());
  for (const char* field : {"type", "brand", "order_id", "description", "enterprise_project_id"}) {
    record[field] = old[field];
  }
  enter_names(record, issue.names);
  record["key_algorithm"] = issue.key;
  issue_scm_certificate(call.world, record, issue);
  record["origin_cert_id"] = old["id"];
  record["remain_cert_number"] = std::max(0, old["remain_cert_number"].get<int>() - 1);
  enter_fields(call, record);
  old["renewal_cert_id"] = record["id"];
  store_scm_record(call.world, old);
  return keep_scm(call, record, 201);
}

Reply set_scm_state(Call& call) {
  json record = scm_record(call);
  const std::string state = call.text("state").value_or("");
  if (state.empty()) refuse("a state takes {\"state\": \"ISSUED\"}");
  if (state == "ISSUED" && is_blank(record, "certificate")) {
    if (is_blank(record, "domain")) refuse("nothing was applied for yet, so nothing can be issued");
    issue_applied(call.world, record);
  }
  if (state == "REVOKED") record["revoke_ms"] = call.world.clock.now_ms();
  record["status"] = state;
  end_order(call.world, record["id"].get<std::string>(), state.c_str());
  record["fail_reason"] = call.text("fail_reason") ? json(*call.text("fail_reason")) : json();
  record["next"] = nullptr;
  return keep_scm(call, record);
}

Reply revoke_scm(Call& call) {
  json record = scm_record(call);
  record["status"] = "REVOKED";
  record["revoke_reason"] = call.text("reason").value_or("UNSPECIFIED");
  record["revoke_ms"] = call.world.clock.now_ms();
  return keep_scm(call, record);
}

// The same certificate as it would be later: its dates moved into the past.
Reply expire_scm(Call& call) {
  json record = scm_record(call);
  const auto pem = record["certificate"].get<std::string>();
  if (pem.empty()) refuse("only an issued certificate can expire");
  Material material;
  material.certificate = std::move(parse_certificates(pem).front());
  spoil_leaf(call.world, {{"expired", true}}, named_issuer(call.world, "scm"), material);
  enter_certificate(record, material.certificate.get());
  record["status"] = "EXPIRED";
  return keep_scm(call, record);
}

Reply delete_scm(Call& call) {
  const json record = scm_record(call);
  end_order(call.world, record["id"].get<std::string>(), "DELETED");
  call.world.store.remove("scm_certificate", record["id"].get<std::string>());
  return empty_reply(204);
}

}  // namespace emulator::admin
