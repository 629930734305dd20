// SPDX-License-Identifier: Apache-2.0
#include "ca/auto_dns.h"

#include <map>

#include "dns/dns_records.h"
#include "world.h"

namespace emulator {
namespace {

std::string maker(const json& order) {
  return "scm " + order["id"].get<std::string>();
}

// Takes away what SCM itself wrote at this name; a record of somebody else stays.
void remove_own_records(World& world, const json& zone, const std::string& name) {
  for (const json& set : sets_of(world, zone["id"].get<std::string>(), name)) {
    if (set["made_by"].get<std::string>().starts_with("scm ")) {
      remove_set(world, set["id"].get<std::string>());
    }
  }
}

}  // namespace

void write_auto_records(World& world, const json& order) {
  // A name and its wildcard have one owner and so one record set.
  std::map<std::string, json> wishes;
  for (const json& proof : order["proofs"]) {
    const auto name = proof["record_name"].get<std::string>();
    const auto type = proof["record_type"].get<std::string>();
    const auto value = proof["record_value"].get<std::string>();
    json& wish = wishes[name];
    if (wish.is_null()) wish = {{"name", name}, {"type", type}, {"ttl", 300}};
    if (type == "TXT" || !wish.contains("records")) {
      wish["records"].push_back(type == "TXT" ? "\"" + value + "\"" : value + ".");
    }
  }
  for (const auto& [name, wish] : wishes) {
    const json zone = zone_of(world, order["domain_id"].get<std::string>(), name);
    if (zone.is_null()) continue;
    remove_own_records(world, zone, name);
    const auto type = wish["type"].get<std::string>();
    if (conflicting_set(world, zone["id"].get<std::string>(), name, type).is_null()) {
      add_set(world, zone, wish, maker(order));
    }
  }
}

void remove_auto_records(World& world, const json& order) {
  // A copy: removing changes what is walked over.
  const Store::Documents sets = world.store.all("dns_recordset");
  for (const auto& [id, set] : sets) {
    if (set["made_by"] == maker(order)) remove_set(world, id);
  }
}

}  // namespace emulator
