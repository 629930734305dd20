// SPDX-License-Identifier: Apache-2.0
// Admin side: what certificates are handed to (ELB, WAF, CDN, API gateways), and who may take whose
// part (agencies, identity providers).
#include "admin/admin_handlers.h"
#include "admin/targets.h"
#include "text.h"
#include "world.h"

namespace emulator::admin {
namespace {

// The account a call is about; the demo account when it names none.
std::string account_in(const Call& call) {
  const auto demo = call.world.accounts.demo()["domain_id"].get<std::string>();
  const std::string id = call.text("domain_id").value_or(demo);
  if (call.world.accounts.account(id) == nullptr) refuse("there is no such account", 404);
  return id;
}

json all(const Call& call, const char* kind) {
  json list = json::array();
  for (const auto& [id, document] : call.world.store.all(kind)) list.push_back(document);
  return list;
}

}  // namespace

Reply list_targets(Call& call) {
  return json_reply(200, {{"targets", all(call, "target")},
                          {"pushes", all(call, "push")},
                          {"gateway_domains", all(call, "apig_domain")},
                          {"gateway_certificates", all(call, "apig_certificate")}});
}

Reply create_target(Call& call) {
  const std::string service = call.text("service").value_or("");
  if (service == "APIG") {
    return json_reply(201, add_gateway_domain(call.world, account_in(call),
                                              call.text("domain_name").value_or("")));
  }
  if (service != "ELB" && service != "WAF" && service != "CDN") {
    refuse("a target takes {\"service\": \"ELB\", \"WAF\", \"CDN\" or \"APIG\", ...}");
  }
  json fields = json::object();
  for (const char* field : {"service", "region", "name", "type", "domain_name", "id"}) {
    if (const auto text = call.text(field)) fields[field] = *text;
  }
  return json_reply(201, add_target(call.world, account_in(call), std::move(fields)));
}

Reply delete_target(Call& call) {
  const std::string id = call.path.at("id");
  const bool gone =
      call.world.store.remove("target", id) || call.world.store.remove("apig_domain", id);
  if (!gone) refuse("there is no such target", 404);
  return empty_reply(204);
}

Reply create_agency(Call& call) {
  const std::string name = call.text("name").value_or("");
  const std::string trusted = call.text("trusted_domain_id").value_or("");
  if (name.empty() || call.world.accounts.account(trusted) == nullptr) {
    refuse("an agency takes {\"name\": \"...\", \"trusted_domain_id\": \"...\"}");
  }
  const json agency = {
      {"name", name}, {"domain_id", account_in(call)}, {"trusted_domain_id", trusted}};
  call.world.store.put("agency", random_hex(16), agency);
  return json_reply(201, agency);
}

Reply create_identity_provider(Call& call) {
  const std::string id = call.text("id").value_or("");
  const bool listed =
      call.body.is_object() && call.body.contains("id_tokens") && call.body["id_tokens"].is_array();
  if (id.empty() || !listed) {
    refuse("an identity provider takes {\"id\": \"...\", \"id_tokens\": [\"...\"]}");
  }
  const json provider = {
      {"id", id}, {"domain_id", account_in(call)}, {"id_tokens", call.body["id_tokens"]}};
  call.world.store.put("identity_provider", id, provider);
  return json_reply(201, provider);
}

}  // namespace emulator::admin
