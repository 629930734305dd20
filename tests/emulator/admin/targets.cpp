// SPDX-License-Identifier: Apache-2.0
#include "admin/targets.h"

#include <algorithm>
#include <set>

#include "text.h"
#include "world.h"

namespace emulator {
namespace {

constexpr const char* kTarget = "target";
constexpr const char* kPush = "push";

const std::set<std::string>& regions_of(const std::string& service) {
  static const std::set<std::string> kElb = {"ap-southeast-1", "ap-southeast-3", "cn-north-4"};
  static const std::set<std::string> kWaf = {"ap-southeast-1", "cn-north-4"};
  return service == "WAF" ? kWaf : kElb;
}

}  // namespace

json add_target(World& world, const std::string& domain_id, json fields) {
  json target = {{"id", random_hex(16)},
                 {"domain_id", domain_id},
                 {"service", "ELB"},
                 {"region", ""},
                 {"name", ""},
                 {"type", ""},
                 {"domain_name", ""},
                 {"enterprise_project_id", "0"},
                 {"certificate_id", nullptr}};
  target.update(fields);
  const auto id = target["id"].get<std::string>();
  world.store.put(kTarget, id, target);
  return target;
}

const json* find_target(const World& world, const std::string& domain_id,
                        const std::string& service, const std::string& id) {
  const json* target = world.store.find(kTarget, id);
  const bool fits =
      target != nullptr && (*target)["domain_id"] == domain_id && (*target)["service"] == service;
  return fits ? target : nullptr;
}

const json* find_cdn_domain(const World& world, const std::string& domain_id,
                            const std::string& name) {
  for (const auto& [id, target] : world.store.all(kTarget)) {
    if (target["domain_id"] == domain_id && target["service"] == "CDN" &&
        lower(target["domain_name"].get<std::string>()) == lower(name)) {
      return &target;
    }
  }
  return nullptr;
}

void set_target_certificate(World& world, json target, const std::string& certificate_id) {
  target["certificate_id"] = certificate_id;
  const auto id = target["id"].get<std::string>();
  world.store.put(kTarget, id, std::move(target));
}

std::vector<json> targets_of(const World& world, const std::string& certificate_id) {
  std::vector<json> found;
  for (const auto& [id, target] : world.store.all(kTarget)) {
    if (target["certificate_id"] == certificate_id) found.push_back(target);
  }
  return found;
}

bool serves_region(const std::string& service, const std::string& region) {
  return service == "CDN" || regions_of(service).count(region) != 0;
}

std::string add_push(World& world, const json& record, const std::string& service,
                     const std::string& region) {
  const std::string id = random_hex(16);
  world.store.put(kPush, id,
                  {{"id", id},
                   {"certificate_id", record["id"]},
                   {"domain_id", record["domain_id"]},
                   {"service", service},
                   {"region", region},
                   {"time", world.clock.now_ms()}});
  return id;
}

std::vector<json> pushes_of(const World& world, const std::string& certificate_id) {
  std::vector<json> found;
  for (const auto& [id, push] : world.store.all(kPush)) {
    if (push["certificate_id"] == certificate_id) found.push_back(push);
  }
  std::stable_sort(found.begin(), found.end(), [](const json& left, const json& right) {
    return left["time"] > right["time"];
  });
  return found;
}

std::size_t count_pushes(const World& world, const std::string& domain_id,
                         const std::string& service) {
  const auto& all = world.store.all(kPush);
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& entry) {
    return entry.second["domain_id"] == domain_id && entry.second["service"] == service;
  }));
}

json add_gateway_domain(World& world, const std::string& domain_id, const std::string& name) {
  json domain = {{"id", random_hex(16)},
                 {"domain_id", domain_id},
                 {"url_domain", name},
                 {"instance_id", random_hex(16)},
                 {"group_id", random_hex(16)},
                 {"group_name", "api_group_demo"},
                 {"certificate_ids", json::array()},
                 {"verified_client_certificate_enabled", false}};
  world.store.put("apig_domain", domain["id"].get<std::string>(), domain);
  return domain;
}

void make_demo_targets(World& world) {
  if (world.store.find("setting", "demo_targets") != nullptr) return;
  const auto demo = world.accounts.demo()["domain_id"].get<std::string>();
  const json name = "www.example.com";
  add_target(world, demo,
             {{"service", "ELB"}, {"region", "ap-southeast-1"}, {"name", "demo-listener"}});
  add_target(world, demo,
             {{"service", "WAF"},
              {"region", "ap-southeast-1"},
              {"name", "demo-site"},
              {"type", "cloud"},
              {"domain_name", name}});
  add_target(world, demo, {{"service", "CDN"}, {"name", name}, {"domain_name", name}});
  add_gateway_domain(world, demo, name);
  world.store.put("setting", "demo_targets", true);
}

}  // namespace emulator
