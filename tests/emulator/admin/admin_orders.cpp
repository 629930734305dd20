// SPDX-License-Identifier: Apache-2.0
// Admin side: stock, orders at the authority, where it looks for proofs, and successors.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "admin/admin_handlers.h"
#include "ca/order_plan.h"
#include "ca/orders.h"
#include "ca/proof_places.h"
#include "scm/scm_records.h"
#include "scm/scm_successors.h"
#include "text.h"
#include "world.h"

namespace emulator::admin {
namespace {

void check_stock_fields(const json& body) {
  static const std::set<std::string> kFields = {
      "domain_type", "domain_count", "wildcard_count", "primary_wildcard", "type", "brand",
      "count",       "years",        "order",          "domain_id"};
  if (body.is_null()) return;
  if (!body.is_object()) refuse("stock is a JSON object");
  for (const auto& [name, value] : body.items()) {
    if (kFields.count(name) == 0) refuse(fmt::format("stock has no field \"{}\"", name));
  }
}

std::string stock_kind(const Call& call) {
  std::string kind = call.text("domain_type").value_or("SINGLE_DOMAIN");
  for (const char* known : {"SINGLE_DOMAIN", "MULTI_DOMAIN", "WILDCARD"}) {
    if (kind == known) return kind;
  }
  refuse("\"domain_type\" is SINGLE_DOMAIN, MULTI_DOMAIN or WILDCARD");
}

json stock_record(Call& call, const std::string& kind, const std::string& order_id) {
  const std::string standard = call.world.accounts.demo()["domain_id"].get<std::string>();
  const bool several = kind == "MULTI_DOMAIN";
  json record = new_scm_record(call.world, call.text("domain_id").value_or(standard));
  record["type"] = call.text("type").value_or("DV_SSL_CERT");
  record["brand"] = call.text("brand").value_or("GEOTRUST");
  record["domain_type"] = kind;
  record["domain_count"] = call.number("domain_count", several ? 5 : 1);
  record["wildcard_count"] = call.number("wildcard_count", kind == "WILDCARD" ? 1 : 0);
  if (several) {
    record["multi_domain_type"] =
        call.flag("primary_wildcard", false) ? "primary_wildcard" : "primary_single";
  }
  record["remain_cert_number"] = call.number("years", 1) - 1;
  record["order_id"] = order_id;
  return record;
}

json certificate_of(const Call& call) {
  const json* record = call.world.store.find("scm_certificate", call.path.at("id"));
  if (record == nullptr) refuse("there is no such SCM certificate", 404);
  return *record;
}

json plan_in(const json& plan) {
  if (const std::string problem = check_plan(plan); !problem.empty()) refuse(problem);
  return plan;
}

json order_with_state(World& world, const json& kept) {
  json order = kept;
  const json* record = world.store.find("scm_certificate", order["id"].get<std::string>());
  if (record == nullptr) {
    order["status"] = nullptr;
    return order;
  }
  const json current = with_order(world, *record);
  order = *find_order(world, order["id"].get<std::string>());
  for (const char* field : {"status", "csr", "order_id", "origin_cert_id", "renewal_cert_id",
                            "fail_reason", "application_info"}) {
    order[field] = current[field];
  }
  return order;
}

bool order_is_open(const World& world, const std::string& id) {
  const json* order = find_order(world, id);
  return order != nullptr && (*order)["end"].is_null();
}

}  // namespace

Reply put_stock(Call& call) {
  check_stock_fields(call.body);
  const std::string kind = stock_kind(call);
  const json plan = call.body.is_object() ? call.body.value("order", json()) : json();
  if (!plan.is_null()) plan_in(plan);
  const std::string order_id =
      fmt::format("CS{}{}", compact_time(call.world.clock.now_ms()), upper(random_token(6)));
  json made = json::array();
  for (std::int64_t i = 0; i < call.number("count", 1); ++i) {
    const json record = stock_record(call, kind, order_id);
    if (!plan.is_null()) set_certificate_plan(call.world, record["id"].get<std::string>(), plan);
    store_scm_record(call.world, record);
    made.push_back(record);
  }
  return json_reply(201, {{"certificates", made}});
}

Reply list_orders(Call& call) {
  json list = json::array();
  // A copy: bringing an order up to date may write to the store.
  const Store::Documents orders = call.world.store.all("scm_order");
  for (const auto& [id, order] : orders) list.push_back(order_with_state(call.world, order));
  return json_reply(200, {{"orders", list}});
}

Reply set_order_plan(Call& call) {
  set_standard_plan(call.world, plan_in(call.body));
  return json_reply(200, call.body);
}

Reply reset_order_plan(Call& call) {
  set_standard_plan(call.world, nullptr);
  return empty_reply(204);
}

// Counts for the open order, or for the next application when there is none.
Reply change_order(Call& call) {
  json record = certificate_of(call);
  const auto id = record["id"].get<std::string>();
  const json plan = plan_in(call.body);
  if (!order_is_open(call.world, id)) {
    set_certificate_plan(call.world, id, plan);
    return json_reply(200, plan);
  }
  change_order_plan(call.world, record, plan);
  store_scm_record(call.world, record);
  return json_reply(200, order_with_state(call.world, *find_order(call.world, id)));
}

Reply change_order_proofs(Call& call) {
  json record = certificate_of(call);
  const auto id = record["id"].get<std::string>();
  if (!order_is_open(call.world, id)) refuse("this certificate has no open order");
  change_proofs(call.world, record);
  store_scm_record(call.world, record);
  return json_reply(200, order_with_state(call.world, *find_order(call.world, id)));
}

Reply succeed_scm(Call& call) {
  const json record = certificate_of(call);
  if (record["status"] != "ISSUED" || !record["renewal_cert_id"].is_null()) {
    refuse("only an issued certificate without a successor gets one");
  }
  return json_reply(201, apply_for_successor(call.world, record));
}

Reply show_places(Call& call) {
  return json_reply(200, proof_places(call.world));
}

Reply set_places(Call& call) {
  if (const std::string problem = set_proof_places(call.world, call.body); !problem.empty()) {
    refuse(problem);
  }
  return show_places(call);
}

Reply reset_places(Call& call) {
  reset_proof_places(call.world);
  return show_places(call);
}

}  // namespace emulator::admin
