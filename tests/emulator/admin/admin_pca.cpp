// SPDX-License-Identifier: Apache-2.0
// Admin side: private certificates and CAs.
#include "admin/admin_handlers.h"
#include "pca/pca_records.h"
#include "pki/certificate_effects.h"
#include "world.h"

namespace emulator::admin {
namespace {

json pca_record(const Call& call, const char* kind) {
  const json* record = call.world.store.find(kind, call.path.at("id"));
  if (record == nullptr) refuse("there is no such certificate or CA", 404);
  return *record;
}

json pca_record_view(const World& world, const json& record) {
  json view = record;
  view["status"] = state_of(world, record);
  const auto pem = record["certificate"].get<std::string>();
  if (!pem.empty()) view["serial"] = serial_hex(parse_certificates(pem).front().get());
  return view;
}

Reply list_kind(const Call& call, const char* kind, const char* name) {
  json views = json::array();
  for (const auto& [id, record] : call.world.store.all(kind)) {
    views.push_back(pca_record_view(call.world, record));
  }
  return json_reply(200, {{name, views}});
}

Reply keep_pca(Call& call, const char* kind, const json& record) {
  call.world.store.put(kind, call.path.at("id"), record);
  return json_reply(200, pca_record_view(call.world, record));
}

}  // namespace

Reply list_pca(Call& call) {
  return list_kind(call, "pca_certificate", "certificates");
}
Reply list_cas(Call& call) {
  return list_kind(call, "ca", "authorities");
}

Reply revoke_pca(Call& call) {
  json record = pca_record(call, "pca_certificate");
  record["status"] = "REVOKED";
  record["revoke_reason"] = call.text("reason").value_or("UNSPECIFIED");
  record["revoke_time"] = call.world.clock.now_ms();
  return keep_pca(call, "pca_certificate", record);
}

Reply expire_pca(Call& call) {
  json record = pca_record(call, "pca_certificate");
  const json* ca = call.world.store.find("ca", record["issuer_id"].get<std::string>());
  if (ca == nullptr) refuse("the issuing CA is gone", 409);
  Material material;
  material.certificate =
      std::move(parse_certificates(record["certificate"].get<std::string>()).front());
  spoil_leaf(call.world, {{"expired", true}}, private_issuer(call.world, *ca), material);
  record["certificate"] = certificate_pem(material.certificate.get());
  record["not_before"] = start_of(material.certificate.get()) * 1000;
  record["not_after"] = end_of(material.certificate.get()) * 1000;
  return keep_pca(call, "pca_certificate", record);
}

Reply set_pca_lifetime(Call& call) {
  json lifetime = call.body;
  const bool off = !lifetime.is_object() || lifetime.value("seconds", json()).is_null();
  const std::string problem =
      call.world.options.change({{"pca_lifetime", off ? json() : lifetime}});
  if (!problem.empty()) refuse(problem);
  return json_reply(200, {{"pca_lifetime", call.world.options.value("pca_lifetime")}});
}

Reply set_ca_state(Call& call) {
  json record = pca_record(call, "ca");
  const std::string state = call.text("state").value_or(record["status"].get<std::string>());
  const bool frozen = call.flag("frozen", record["freeze_flag"] != 0);
  if (!call.body.is_object() || (!call.body.contains("state") && !call.body.contains("frozen"))) {
    refuse("a state takes {\"state\": \"DISABLED\"} or {\"frozen\": true}");
  }
  record["status"] = state;
  record["freeze_flag"] = frozen ? 1 : 0;
  return keep_pca(call, "ca", record);
}

}  // namespace emulator::admin
