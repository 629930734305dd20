// SPDX-License-Identifier: Apache-2.0
#include "dns/dns_records.h"

#include <fmt/format.h>

#include "text.h"
#include "world.h"

namespace emulator {
namespace {

constexpr const char* kZone = "dns_zone";
constexpr const char* kSet = "dns_recordset";

bool is_within(const std::string& name, const std::string& zone) {
  return name == zone || name.ends_with("." + zone);
}

void add_system_sets(World& world, const json& zone) {
  const auto apex = zone["name"].get<std::string>();
  const std::string server = "ns1." + apex;
  const json sets[] = {
      {{"name", apex},
       {"type", "SOA"},
       {"records", {fmt::format("{} hostmaster.{} (1 7200 900 1209600 300)", server, apex)}}},
      {{"name", apex}, {"type", "NS"}, {"records", {server}}},
      {{"name", server},
       {"type", "A"},
       {"records", {world.dns_server.substr(0, world.dns_server.rfind(':'))}}}};
  for (json wish : sets) {
    wish["ttl"] = 300;
    add_set(world, zone, wish, "system");
  }
}

}  // namespace

std::string dns_name(const std::string& name) {
  return name.ends_with('.') ? lower(name) : lower(name) + ".";
}

json add_zone(World& world, const std::string& domain_id, const std::string& name) {
  const json& account = *world.accounts.account(domain_id);
  json zone = {{"id", random_hex(16)},
               {"domain_id", domain_id},
               {"project_id", account["projects"][0]["id"]},
               {"name", dns_name(name)},
               {"created_ms", world.clock.now_ms()}};
  world.store.put(kZone, zone["id"].get<std::string>(), zone);
  add_system_sets(world, zone);
  return zone;
}

void remove_zone(World& world, const std::string& zone_id) {
  for (const json& set : sets_of(world, zone_id)) remove_set(world, set["id"].get<std::string>());
  world.store.remove(kZone, zone_id);
}

json zone_of(const World& world, const std::string& domain_id, const std::string& name) {
  const std::string wanted = dns_name(name);
  json deepest;
  for (const auto& [id, zone] : world.store.all(kZone)) {
    const auto apex = zone["name"].get<std::string>();
    if (!domain_id.empty() && zone["domain_id"] != domain_id) continue;
    if (!is_within(wanted, apex)) continue;
    if (deepest.is_null() || apex.size() > deepest["name"].get<std::string>().size()) {
      deepest = zone;
    }
  }
  return deepest;
}

std::vector<json> sets_of(const World& world, const std::string& zone_id, const std::string& name) {
  std::vector<json> sets;
  for (const auto& [id, set] : world.store.all(kSet)) {
    if (set["zone_id"] == zone_id && (name.empty() || set["name"] == dns_name(name))) {
      sets.push_back(set);
    }
  }
  return sets;
}

json add_set(World& world, const json& zone, const json& wish, const std::string& made_by) {
  const std::int64_t now = world.clock.now_ms();
  const std::int64_t wait = made_by == "system" ? 0 : world.options.number("dns_after_ms");
  json set = {{"id", random_hex(16)},
              {"zone_id", zone["id"]},
              {"zone_name", zone["name"]},
              {"name", dns_name(wish["name"].get<std::string>())},
              {"type", wish["type"]},
              {"ttl", wish["ttl"]},
              {"records", wish["records"]},
              {"description", wish.value("description", json())},
              {"default", made_by == "system"},
              {"made_by", made_by},
              {"created_ms", now},
              {"updated_ms", now},
              {"served_ms", now + wait}};
  world.store.put(kSet, set["id"].get<std::string>(), set);
  return set;
}

void remove_set(World& world, const std::string& id) {
  world.store.remove(kSet, id);
}

json conflicting_set(const World& world, const std::string& zone_id, const std::string& name,
                     const std::string& type, const std::string& except) {
  for (const json& set : sets_of(world, zone_id, name)) {
    if (set["id"] == except) continue;
    // RFC 1034 section 3.6.2: a CNAME has its name for itself.
    if (set["type"] == type || set["type"] == "CNAME" || type == "CNAME") return set;
  }
  return nullptr;
}

}  // namespace emulator
