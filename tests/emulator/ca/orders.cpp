// SPDX-License-Identifier: Apache-2.0
#include "ca/orders.h"

#include <fmt/format.h>

#include <algorithm>

#include "ca/auto_dns.h"
#include "ca/order_plan.h"
#include "ca/proofs.h"
#include "scm/scm_records.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

constexpr const char* kOrder = "scm_order";

bool is_open(const json& order) {
  return order["end"].is_null();
}

void keep_order(World& world, const json& order) {
  world.store.put(kOrder, order["id"].get<std::string>(), order);
}

bool is_dv(const json& record) {
  return record["type"].get<std::string>().starts_with("DV");
}

bool is_supplement(const json& order) {
  return order["certified"].size() != order["names"].size();
}

const char* waiting_state(const json& order, const json& record) {
  if (is_supplement(order)) return "SUPPLEMENTCHECKING";
  if (!is_dv(record)) return "CHECKING_ORG";
  return order["plan"].value("state", "") == "CHECKING_DOMAIN" ? "CHECKING_DOMAIN" : "CHECKING";
}

// A proof that nobody looks for: the option says so, or a person proves by e-mail.
bool is_assumed(const World& world, const json& order) {
  return world.options.text("proof") == "assumed" || order["method"] == "EMAIL";
}

std::int64_t issue_wait(const World& world, const json& order) {
  return order["plan"].value("issue_after_ms", world.options.number("issue_after_ms"));
}

void issue_ordered(World& world, json& order, json& record) {
  const auto names = order["certified"].get<std::vector<std::string>>();
  record["domain"] = names.front();
  record["sans"] = names.size() > 1 ? json(join({names.begin() + 1, names.end()}, ";")) : json();
  issue_applied(world, record);
  remove_auto_records(world, order);
  order["end"] = "ISSUED";
}

void refuse_order(World& world, json& order, json& record) {
  remove_auto_records(world, order);
  record["fail_reason"] = order["plan"]["refuse"];
  record["authentification"] = json::array();
  // A certificate whose names were to be added stays what it was.
  record["status"] = is_supplement(order) ? "ISSUED" : "UNPASSED";
  order["end"] = "UNPASSED";
}

// What follows once the names are proven; the authority takes its time.
void finish_order(World& world, json& order, json& record) {
  const std::int64_t wait = issue_wait(world, order);
  const std::int64_t since = world.clock.now_ms() - order["proven_ms"].get<std::int64_t>();
  if (is_assumed(world, order)) {
    if (wait >= 0 && since >= wait) issue_ordered(world, order, record);
    return;
  }
  const std::int64_t vetting = order["plan"].value("organization_after_ms", std::int64_t{0});
  if (!is_dv(record) && (vetting < 0 || since < vetting)) return;
  if (!is_supplement(order)) record["status"] = "ISSUING";
  const std::int64_t issued_after = is_dv(record) ? wait : vetting + wait;
  if (wait >= 0 && since >= issued_after) issue_ordered(world, order, record);
}

// One step in time; false when there is nothing to do yet.
void move_on(World& world, json& order, json& record) {
  const std::int64_t now = world.clock.now_ms();
  const json& plan = order["plan"];
  const std::int64_t applied = order["applied_ms"].get<std::int64_t>();
  if (plan.contains("refuse") && now >= applied + plan.value("refuse_after_ms", std::int64_t{0})) {
    refuse_order(world, order, record);
    return;
  }
  const bool shown = order["shown_ms"].get<std::int64_t>() <= now;
  record["authentification"] = shown ? proof_views(order) : json();
  if (!shown) return;
  if (order["auto_dns"] == true && order["method"] == "DNS" && is_dv(record) &&
      order["written"] != order["round"]) {
    write_auto_records(world, order);
    order["written"] = order["round"];
  }
  if (order["proven_ms"].is_null() && is_assumed(world, order)) {
    order["proven_ms"] = order["shown_ms"];
  }
  if (!order["proven_ms"].is_null()) finish_order(world, order, record);
}

void enter_plan(World& world, json& order, const json& plan) {
  order["plan"] = plan;
  order["shown_ms"] = world.clock.now_ms() + plan.value("records_after_ms", std::int64_t{0});
}

}  // namespace

const json* find_order(const World& world, const std::string& certificate_id) {
  return world.store.find(kOrder, certificate_id);
}

void open_order(World& world, json& record, const OrderWish& wish) {
  const auto id = record["id"].get<std::string>();
  const json* former = find_order(world, id);
  json order = {{"id", id},
                {"domain_id", record["domain_id"]},
                {"names", wish.names},
                {"certified", wish.certified},
                {"method", wish.method},
                {"auto_dns", wish.auto_dns},
                {"applied_ms", world.clock.now_ms()},
                {"applications", former == nullptr ? 1 : (*former)["applications"].get<int>() + 1},
                {"round", former == nullptr ? 1 : (*former)["round"].get<int>() + 1},
                {"written", 0},
                {"looks", 0},
                {"looked_ms", 0},
                {"findings", json::array()},
                {"proven_ms", nullptr},
                {"end", nullptr}};
  enter_plan(world, order, plan_for(world, id));
  order["proofs"] = new_proofs(world, order);
  record["status"] = waiting_state(order, record);
  record["fail_reason"] = nullptr;
  move_on(world, order, record);
  keep_order(world, order);
  world.order_came.notify_all();
}

void end_order(World& world, const std::string& certificate_id, const char* how) {
  const json* found = find_order(world, certificate_id);
  if (found == nullptr || !is_open(*found)) return;
  json order = *found;
  remove_auto_records(world, order);
  order["end"] = how;
  keep_order(world, order);
}

void change_order_plan(World& world, json& record, const json& plan) {
  json order = *find_order(world, record["id"].get<std::string>());
  json merged = order["plan"];
  merged.update(plan);
  order["plan"] = merged;
  if (plan.contains("records_after_ms")) enter_plan(world, order, merged);
  move_on(world, order, record);
  keep_order(world, order);
}

void change_proofs(World& world, json& record) {
  json order = *find_order(world, record["id"].get<std::string>());
  order["round"] = order["round"].get<int>() + 1;
  order["proofs"] = new_proofs(world, order);
  order["proven_ms"] = nullptr;
  order["findings"] = json::array();
  move_on(world, order, record);
  keep_order(world, order);
}

json with_order(World& world, json record) {
  const json* found = find_order(world, record["id"].get<std::string>());
  if (found == nullptr || !is_open(*found)) return record;
  json order = *found;
  json moved = record;
  move_on(world, order, moved);
  if (order != *found) keep_order(world, order);
  if (moved != record) store_scm_record(world, moved);
  return moved;
}

bool has_open_order(const World& world) {
  const auto& orders = world.store.all(kOrder);
  return std::any_of(orders.begin(), orders.end(),
                     [](const auto& entry) { return is_open(entry.second); });
}

std::vector<DueLook> due_looks(World& world) {
  std::vector<DueLook> looks;
  const std::int64_t now = machine_ms();
  const std::int64_t pause = world.options.number("proof_every_ms");
  for (const auto& [id, order] : world.store.all(kOrder)) {
    if (!is_open(order) || is_assumed(world, order) || !order["proven_ms"].is_null()) continue;
    if (order["shown_ms"] > world.clock.now_ms() || order["looked_ms"] > now - pause) continue;
    looks.push_back({id, order["round"].get<int>(), proof_wishes(world, order)});
  }
  return looks;
}

void enter_look(World& world, const DueLook& look, const std::vector<Sights>& sights) {
  const json* found = find_order(world, look.certificate_id);
  const json* kept = world.store.find("scm_certificate", look.certificate_id);
  if (found == nullptr || kept == nullptr || !is_open(*found)) return;
  if ((*found)["round"] != look.round) return;
  json order = *found;
  order["looks"] = order["looks"].get<int>() + 1;
  order["looked_ms"] = machine_ms();
  order["findings"] = judge_sights(world, order, sights);
  const bool proven = std::all_of(order["findings"].begin(), order["findings"].end(),
                                  [](const json& finding) { return finding["proven"] == true; });
  const int changes = order["plan"].value("changes", 0);
  if (proven && changes == 0) order["proven_ms"] = world.clock.now_ms();
  if (proven && changes > 0) order["plan"]["changes"] = changes - 1;
  keep_order(world, order);
  json record = *kept;
  if (proven && changes > 0) {
    change_proofs(world, record);
    store_scm_record(world, std::move(record));
  } else {
    with_order(world, std::move(record));
  }
}

}  // namespace emulator
