// SPDX-License-Identifier: Apache-2.0
// Admin side: zones of the emulated DNS.
#include "admin/admin_handlers.h"
#include "dns/dns_records.h"
#include "world.h"

namespace emulator::admin {
namespace {

json zone_with_sets(const World& world, const json& zone) {
  json view = zone;
  view["recordsets"] = sets_of(world, zone["id"].get<std::string>());
  return view;
}

}  // namespace

Reply list_dns_zones(Call& call) {
  json list = json::array();
  for (const auto& [id, zone] : call.world.store.all("dns_zone")) {
    list.push_back(zone_with_sets(call.world, zone));
  }
  return json_reply(200, {{"zones", list}});
}

Reply create_dns_zone(Call& call) {
  const std::string name = call.text("name").value_or("");
  if (name.empty()) refuse("a zone takes {\"name\": \"example.com\"}");
  const std::string standard = call.world.accounts.demo()["domain_id"].get<std::string>();
  const std::string domain_id = call.text("domain_id").value_or(standard);
  if (call.world.accounts.account(domain_id) == nullptr) refuse("there is no such account", 404);
  for (const auto& [id, zone] : call.world.store.all("dns_zone")) {
    if (zone["name"] == dns_name(name)) refuse("this zone exists already");
  }
  return json_reply(201, zone_with_sets(call.world, add_zone(call.world, domain_id, name)));
}

Reply delete_dns_zone(Call& call) {
  const std::string id = call.path.at("id");
  if (call.world.store.find("dns_zone", id) == nullptr) refuse("there is no such zone", 404);
  remove_zone(call.world, id);
  return empty_reply(204);
}

}  // namespace emulator::admin
