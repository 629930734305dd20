// SPDX-License-Identifier: Apache-2.0
// Huawei Cloud DNS v2, as far as validation records need it: public zones, which the admin side
// makes, and their record sets. Written after the public API reference of the service.
#include <fmt/format.h>

#include <algorithm>

#include "dns/dns_records.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

const std::vector<std::string>& set_types() {
  static const std::vector<std::string> kTypes = {"A",   "AAAA", "MX",  "CNAME",
                                                  "TXT", "NS",   "SRV", "CAA"};
  return kTypes;
}

// 2026-05-10T18:42:00.000
std::string dns_time(const json& milliseconds) {
  return iso_time(milliseconds.get<std::int64_t>()).substr(0, 23);
}

json self_link(const World& world, const std::string& path) {
  return {{"self", world.secure_url + path}};
}

json zone_view(const World& world, const json& zone) {
  const auto id = zone["id"].get<std::string>();
  return {{"id", id},
          {"name", zone["name"]},
          {"description", nullptr},
          {"email", "hwclouds.cs@huawei.com"},
          {"ttl", 300},
          {"serial", 1},
          {"masters", json::array()},
          {"status", "ACTIVE"},
          {"pool_id", "00000000570e54ee01570e9939b20019"},
          {"project_id", zone["project_id"]},
          {"zone_type", "public"},
          {"created_at", dns_time(zone["created_ms"])},
          {"updated_at", dns_time(zone["created_ms"])},
          {"record_num", sets_of(world, id).size()},
          {"enterprise_project_id", "0"},
          {"links", self_link(world, "/v2/zones/" + id)}};
}

json set_view(const World& world, const json& set, const char* status = nullptr) {
  const json* zone = world.store.find("dns_zone", set["zone_id"].get<std::string>());
  const bool served = set["served_ms"] <= world.clock.now_ms();
  json view = {{"project_id", zone == nullptr ? json() : (*zone)["project_id"]},
               {"create_at", dns_time(set["created_ms"])},
               {"update_at", dns_time(set["updated_ms"])},
               {"status", status != nullptr ? status
                          : served          ? "ACTIVE"
                                            : "PENDING_CREATE"}};
  for (const char* field :
       {"id", "name", "description", "zone_id", "zone_name", "type", "ttl", "records", "default"}) {
    view[field] = set[field];
  }
  view["links"] =
      self_link(world, fmt::format("/v2/zones/{}/recordsets/{}", set["zone_id"].get<std::string>(),
                                   set["id"].get<std::string>()));
  return view;
}

json require_zone(const Call& call) {
  const json* zone = call.world.store.find("dns_zone", call.path.at("zone_id"));
  if (zone == nullptr || (*zone)["domain_id"] != call.caller.domain_id) throw Refusal("DNS.0302");
  return *zone;
}

json require_set(const Call& call) {
  const json zone = require_zone(call);
  const json* set = call.world.store.find("dns_recordset", call.path.at("recordset_id"));
  if (set == nullptr || (*set)["zone_id"] != zone["id"]) throw Refusal("DNS.0313");
  return *set;
}

// Without search_mode=equal a part of the name is enough.
bool fits_name(const Call& call, const json& document) {
  const std::string wanted = lower(call.text("name").value_or(""));
  const auto name = document["name"].get<std::string>();
  if (wanted.empty()) return true;
  return call.text("search_mode") == "equal" ? name == dns_name(wanted) : contains(name, wanted);
}

json page_of(const Call& call, const std::vector<json>& views, const char* member) {
  const auto offset = static_cast<std::size_t>(call.number("offset", 0));
  const auto end =
      std::min(views.size(), offset + static_cast<std::size_t>(call.number("limit", 500)));
  json page = json::array();
  for (std::size_t at = offset; at < end; ++at) page.push_back(views[at]);
  return {{member, page},
          {"links", self_link(call.world, call.request.path())},
          {"metadata", {{"total_count", views.size()}}}};
}

Reply list_zones(Call& call) {
  std::vector<json> views;
  const bool public_ones = call.text("type").value_or("public") == "public";
  for (const auto& [id, zone] : call.world.store.all("dns_zone")) {
    if (zone["domain_id"] == call.caller.domain_id && public_ones && fits_name(call, zone)) {
      views.push_back(zone_view(call.world, zone));
    }
  }
  return json_reply(200, page_of(call, views, "zones"));
}

Reply show_zone(Call& call) {
  return json_reply(200, zone_view(call.world, require_zone(call)));
}

Reply list_sets(Call& call) {
  const json zone = require_zone(call);
  const std::string type = call.text("type").value_or("");
  std::vector<json> views;
  for (const json& set : sets_of(call.world, zone["id"].get<std::string>())) {
    if ((type.empty() || set["type"] == type) && fits_name(call, set)) {
      views.push_back(set_view(call.world, set));
    }
  }
  return json_reply(200, page_of(call, views, "recordsets"));
}

bool is_quoted(const std::string& text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"';
}

void check_records(const std::string& type, const json& records) {
  for (const json& record : records) {
    if (!record.is_string() || record.get<std::string>().empty()) throw Refusal("DNS.0308");
    const auto text = record.get<std::string>();
    if (type == "TXT" && (!is_quoted(text) || text.size() > 257)) throw Refusal("DNS.0308");
    if (type == "CNAME" && (is_quoted(text) || records.size() > 1)) throw Refusal("DNS.0308");
  }
}

json set_wish(const Call& call, const std::string& type) {
  check_records(type, call.body["records"]);
  return {{"name", call.text("name").value_or("")},
          {"type", type},
          {"ttl", call.number("ttl", 300)},
          {"records", call.body["records"]},
          {"description", call.text("description") ? json(*call.text("description")) : json()}};
}

void check_set_name(const json& zone, const std::string& name) {
  const auto apex = zone["name"].get<std::string>();
  const std::string wanted = dns_name(name);
  if (wanted != apex && !wanted.ends_with("." + apex)) throw Refusal("DNS.0304");
}

void check_set_conflict(const Call& call, const json& zone, const std::string& name,
                        const std::string& type, const std::string& except) {
  const json other = conflicting_set(call.world, zone["id"].get<std::string>(), name, type, except);
  if (other.is_null()) return;
  throw Refusal(400, "DNS.0312",
                fmt::format("Attribute 'name' conflicts with Record Set '{}' type '{}' in line "
                            "'default_view'.",
                            other["name"].get<std::string>(), other["type"].get<std::string>()));
}

Reply create_set(Call& call) {
  const json zone = require_zone(call);
  const std::string name = call.text("name").value_or("");
  const std::string type = call.text("type").value_or("");
  check_set_name(zone, name);
  const json wish = set_wish(call, type);
  check_set_conflict(call, zone, name, type, "");
  return json_reply(
      202, set_view(call.world, add_set(call.world, zone, wish, "caller"), "PENDING_CREATE"));
}

Reply show_set(Call& call) {
  return json_reply(200, set_view(call.world, require_set(call)));
}

Reply update_set(Call& call) {
  json set = require_set(call);
  if (call.body.contains("records")) {
    check_records(set["type"].get<std::string>(), call.body["records"]);
    set["records"] = call.body["records"];
  }
  set["ttl"] = call.number("ttl", set["ttl"].get<std::int64_t>());
  set["updated_ms"] = call.world.clock.now_ms();
  call.world.store.put("dns_recordset", set["id"].get<std::string>(), set);
  return json_reply(202, set_view(call.world, set, "PENDING_UPDATE"));
}

Reply delete_set(Call& call) {
  const json set = require_set(call);
  if (set["default"] == true) throw Refusal("DNS.0315");
  remove_set(call.world, set["id"].get<std::string>());
  return json_reply(202, set_view(call.world, set, "PENDING_DELETE"));
}

std::vector<Parameter> dns_list_parameters() {
  return {query_text("name"), query_text("search_mode").one_of({"like", "equal"}),
          query_number("limit").within(0, 500), query_number("offset").within(0, INT32_MAX)};
}

std::vector<Parameter> set_parameters() {
  return {body_text("name").must().refused_as("DNS.0304"),
          body_text("type").must().one_of(set_types()).refused_as("DNS.0307"),
          body_number("ttl").within(1, INT32_MAX).refused_as("DNS.0319"),
          body_list("records").must().within(1, 50).refused_as("DNS.0308"),
          body_text("description").within(0, 255)};
}

}  // namespace

Operations dns_operations() {
  const std::string zones = "/v2/zones";
  const std::string zone = zones + "/{zone_id}";
  const std::string sets = zone + "/recordsets";
  const std::string one = sets + "/{recordset_id}";
  std::vector<Parameter> zone_filters = dns_list_parameters();
  zone_filters.push_back(query_text("type").one_of({"public", "private"}));
  std::vector<Parameter> set_filters = dns_list_parameters();
  set_filters.push_back(query_text("type"));
  return {
      {Service::dns, "ListPublicZones", "GET", zones, list_zones, zone_filters},
      {Service::dns, "ShowPublicZone", "GET", zone, show_zone},
      {Service::dns, "ListRecordSetsByZone", "GET", sets, list_sets, set_filters},
      {Service::dns, "CreateRecordSet", "POST", sets, create_set, set_parameters()},
      {Service::dns, "ShowRecordSet", "GET", one, show_set},
      {Service::dns,
       "UpdateRecordSet",
       "PUT",
       one,
       update_set,
       {body_number("ttl").within(1, INT32_MAX).refused_as("DNS.0319"),
        body_list("records").within(1, 50).refused_as("DNS.0308")}},
      {Service::dns, "DeleteRecordSets", "DELETE", one, delete_set},
  };
}

}  // namespace emulator
