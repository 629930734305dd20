// SPDX-License-Identifier: Apache-2.0
#include "scm/scm_successors.h"

#include <algorithm>
#include <vector>

#include "ca/orders.h"
#include "scm/scm_records.h"
#include "world.h"

namespace emulator {
namespace {

std::vector<json> due_for_renewal(const World& world, std::int64_t before_s) {
  std::vector<json> due;
  const std::int64_t until = world.clock.now_ms() + before_s * 1000;
  for (const auto& [id, record] : world.store.all("scm_certificate")) {
    // What was made by the admin side, or imported, was never applied for.
    const bool renewable = record["status"] == "ISSUED" && record["application_info"].is_object() &&
                           record["renewal_cert_id"].is_null();
    if (renewable && record["not_after_ms"] <= until) due.push_back(record);
  }
  return due;
}

}  // namespace

json apply_for_successor(World& world, json old) {
  json record = new_scm_record(world, old["domain_id"].get<std::string>());
  for (const char* field :
       {"type", "brand", "order_id", "description", "enterprise_project_id", "domain", "sans",
        "domain_type", "domain_count", "wildcard_count", "multi_domain_type", "application_info",
        "key_algorithm", "csr", "validation_method"}) {
    record[field] = old[field];
  }
  record["auto_dns_auth"] = old.value("auto_dns_auth", false);
  record["origin_cert_id"] = old["id"];
  record["remain_cert_number"] = std::max(0, old["remain_cert_number"].get<int>() - 1);
  if (record["validation_method"].is_null()) record["validation_method"] = "DNS";
  const std::vector<std::string> names = names_of_record(old);
  open_order(world, record,
             {.names = names,
              .certified = names,
              .method = record["validation_method"].get<std::string>(),
              .auto_dns = record["auto_dns_auth"].get<bool>()});
  old["renewal_cert_id"] = record["id"];
  store_scm_record(world, old);
  store_scm_record(world, record);
  return record;
}

void apply_for_successors(World& world) {
  const std::int64_t before_s = world.options.number("renew_before_s");
  if (before_s < 0) return;
  for (json& record : due_for_renewal(world, before_s)) {
    apply_for_successor(world, std::move(record));
  }
}

}  // namespace emulator
