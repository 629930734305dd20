// SPDX-License-Identifier: Apache-2.0
// Buying, applying for and withdrawing certificates of SCM (API reference 4.1.1 and 4.1.3).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ca/order_plan.h"
#include "ca/orders.h"
#include "pki/keys.h"
#include "pki/signing_request.h"
#include "scm/scm_handlers.h"
#include "scm/scm_records.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator::scm {
namespace {

void check_privacy(const Call& call) {
  if (!call.flag("agree_privacy_protection", false)) {
    throw Refusal("SCM.0005", "agree_privacy_protection must be true.");
  }
}

void check_domain(const std::string& name) {
  const auto labels = split(name.starts_with("*.") ? name.substr(2) : name, '.');
  const bool sound =
      labels.size() >= 2 && std::all_of(labels.begin(), labels.end(), [](auto& label) {
        return !label.empty() && label.size() <= 63 &&
               label.find_first_not_of(
                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
                   std::string::npos;
      });
  if (!sound || name.size() > 253) throw Refusal("SCM.0108", name);
}

void check_csr(const std::string& csr, const std::vector<std::string>& names) {
  if (trim(csr).empty()) return;
  const auto requested = csr_names(csr);
  std::set<std::string> wanted;
  for (const std::string& name : names) wanted.insert(lower(name));
  if (std::set<std::string>(requested.begin(), requested.end()) != wanted) {
    throw Refusal("SCM.0035");
  }
}

// Organisation data is needed for OV and EV.
void check_company(const Call& call, const json& record) {
  if (record["type"].get<std::string>().starts_with("DV")) return;
  for (const char* field : {"company_name", "company_province", "company_city", "country"}) {
    if (trim(call.text(field).value_or("")).empty()) {
      throw Refusal("SCM.0005", fmt::format("{} is needed for OV and EV.", field));
    }
  }
}

// Free are the single-domain test certificates of one brand.
void check_free_quota(const Call& call) {
  const auto is_free = [](const json& brand, const json& type, const json& domain_type) {
    return brand == "SYMANTEC" && type == "DV_SSL_CERT_BASIC" && domain_type == "SINGLE_DOMAIN";
  };
  if (!is_free(call.body["cert_brand"], call.body["cert_type"], call.body["domain_type"])) return;
  std::int64_t wanted = call.number("order_number", 1);
  for (const json& record : scm_records(call.world, call.caller.domain_id)) {
    if (is_free(record["brand"], record["type"], record["domain_type"])) ++wanted;
  }
  if (wanted <= call.world.options.number("free_certificate_quota")) return;
  // One text, two codes: the older call answers 400, the newer one 403.
  throw Refusal(call.path.empty() ? "SCM.0040" : "SCM.0011");
}

// The method as the order keeps it. The seed, the SDK and v2 spell it in three ways; the option
// `domain_methods` lets the service take only one of two.
std::string method_of(const Call& call) {
  const std::string wanted = call.text("domain_method").value_or("");
  const std::string only = call.world.options.text("domain_methods");
  if (only != "any" && upper(wanted) == "FILE" && wanted != only) {
    throw Refusal("SCM.0005", "domain_method must be one of DNS, " + only + ".");
  }
  return wanted.empty() ? "DNS" : upper(wanted);
}

// A file proves single names of DV certificates only.
void check_method(const std::string& method, const json& record,
                  const std::vector<std::string>& names) {
  if (method != "FILE") return;
  const bool wildcard = std::any_of(names.begin(), names.end(),
                                    [](const auto& name) { return name.starts_with("*."); });
  if (wildcard) throw Refusal("SCM.0005", "domain_method FILE cannot prove a wildcard.");
  if (!record["type"].get<std::string>().starts_with("DV")) {
    throw Refusal("SCM.0005", "domain_method FILE is for DV certificates.");
  }
}

void enter_application(const Call& call, json& record, const std::vector<std::string>& names) {
  const std::string method = method_of(call);
  check_method(method, record, names);
  record["validation_method"] = method;
  record["application_info"] = application_info(call);
  record["csr"] = trim(call.text("csr").value_or(""));
  record["domain"] = names.front();
  record["sans"] = names.size() > 1 ? json(join({names.begin() + 1, names.end()}, ";")) : json();
  record["auto_dns_auth"] = call.flag("auto_dns_auth", false);
  open_order(call.world, record,
             {.names = names,
              .certified = names,
              .method = method,
              .auto_dns = record["auto_dns_auth"].get<bool>()});
}

bool can_be_applied_for(const World& world, const std::string& state) {
  return state == "PAID" || (state == "UNPASSED" && world.options.flag("apply_when_unpassed"));
}

std::int64_t withdrawal_wait(const World& world, const std::string& certificate_id) {
  const std::int64_t standard = world.options.number("issue_after_ms");
  const json* order = find_order(world, certificate_id);
  return order == nullptr ? standard : (*order)["plan"].value("cancel_after_ms", standard);
}

// What was bought: so many names altogether, so many of them wildcards besides the primary one.
void check_several(const json& record, const std::vector<std::string>& names) {
  const auto is_wildcard = [](const std::string& name) { return name.starts_with("*."); };
  if (names.size() > record["domain_count"].get<std::size_t>()) throw Refusal("SCM.0036");
  const bool primary = record["multi_domain_type"] == "primary_wildcard";
  if (is_wildcard(names.front()) != primary) throw Refusal("SCM.0015");
  const auto wildcards = std::count_if(names.begin() + 1, names.end(), is_wildcard);
  if (wildcards > record["wildcard_count"].get<std::ptrdiff_t>()) throw Refusal("SCM.0036");
}

}  // namespace

void check_names(const json& record, const std::vector<std::string>& names) {
  for (const std::string& name : names) check_domain(name);
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size()) {
    throw Refusal("SCM.0063");
  }
  const auto bought = record["domain_type"].get<std::string>();
  const bool wildcard = names.front().starts_with("*.");
  if (bought != "MULTI_DOMAIN" && names.size() > 1) throw Refusal("SCM.0036");
  if (bought == "SINGLE_DOMAIN" && wildcard) throw Refusal("SCM.0015");
  if (bought == "WILDCARD" && !wildcard) throw Refusal("SCM.0015");
  if (bought == "MULTI_DOMAIN") check_several(record, names);
}

std::vector<std::string> csr_names(const std::string& csr) {
  const auto request = parse_signing_request(csr);
  if (!request) throw Refusal("SCM.0034");
  std::vector<std::string> names;
  if (request->subject.contains("common_name")) {
    names.push_back(lower(request->subject["common_name"].get<std::string>()));
  }
  for (const AlternativeName& name : request->names) {
    if (std::find(names.begin(), names.end(), lower(name.value)) == names.end()) {
      names.push_back(lower(name.value));
    }
  }
  if (names.empty()) throw Refusal("SCM.0033");
  return names;
}

json application_info(const Call& call) {
  json info = json::object();
  for (const char* field :
       {"country", "company_name", "company_province", "company_city", "applicant_name",
        "applicant_phone", "applicant_email", "contact_name", "contact_phone", "contact_email"}) {
    info[field] = call.text(field).value_or("");
  }
  return info;
}

void change_later(const Call& call, json& record, const char* state, std::int64_t wait_ms) {
  record["next"] = wait_ms < 0
                       ? json()
                       : json({{"status", state}, {"at_ms", call.world.clock.now_ms() + wait_ms}});
}

Reply subscribe_certificate(Call& call) {
  check_privacy(call);
  const std::string domain_type = call.text("domain_type").value_or("");
  const std::int64_t domains = call.number("domain_numbers", 1);
  if (domain_type == "MULTI_DOMAIN" ? domains < 2 : domains != 1) throw Refusal("SCM.0036");
  const std::int64_t years = call.number("effective_time", 1);
  check_free_quota(call);
  const std::string order =
      fmt::format("CS{}{}", compact_time(call.world.clock.now_ms()), upper(random_token(6)));
  json bought = json::array();
  for (std::int64_t i = 0; i < call.number("order_number", 1); ++i) {
    json record = new_scm_record(call.world, call.caller.domain_id);
    const bool primary_wildcard = call.text("primary_domain_type") == "WILDCARD_DOMAIN";
    record["type"] = call.body["cert_type"];
    record["brand"] = call.body["cert_brand"];
    record["domain_type"] = domain_type;
    record["domain_count"] = domains;
    record["wildcard_count"] =
        domain_type == "WILDCARD" ? 1 : call.number("wildcard_domain_number", 0);
    record["multi_domain_type"] = domain_type != "MULTI_DOMAIN" ? json()
                                  : primary_wildcard            ? json("primary_wildcard")
                                                                : json("primary_single");
    record["order_id"] = call.text("order_id").value_or(order);
    record["remain_cert_number"] = years - 1;
    record["enterprise_project_id"] = call.text("enterprise_project_id").value_or("0");
    for (const json& tag : call.body.value("tags", json::array())) {
      record["tags"][tag["key"].get<std::string>()] = tag["value"];
    }
    bought.push_back({{"cert_id", record["id"]}});
    store_scm_record(call.world, std::move(record));
  }
  return json_reply(200, {{"order_id", call.text("order_id").value_or(order)}, {"cert", bought}});
}

Reply apply_certificate(Call& call) {
  check_privacy(call);
  json record = require_scm_record(call);
  // The authority has not agreed to a withdrawal yet.
  if (record["status"] == "CANCELCHECKING") throw Refusal("SCM.0064");
  if (!can_be_applied_for(call.world, record["status"].get<std::string>())) {
    throw Refusal("SCM.0010");
  }
  std::vector<std::string> names = {trim(call.text("domain").value_or(""))};
  for (const std::string& name : split(call.text("sans").value_or(""), ';')) {
    if (!trim(name).empty()) names.push_back(trim(name));
  }
  check_names(record, names);
  check_csr(call.text("csr").value_or(""), names);
  check_company(call, record);
  const std::string key = key_kind(call.text("key_algorithm").value_or("RSA_2048"));
  if (key.empty()) throw Refusal("SCM.0005", "key_algorithm is not known.");
  record["key_algorithm"] = key;
  enter_application(call, record, names);
  store_scm_record(call.world, std::move(record));
  return json_reply(200, {{"request_info", "success"}});
}

Reply cancel_certificate_request(Call& call) {
  json record = require_scm_record(call);
  const auto state = record["status"].get<std::string>();
  if (state == "ISSUING") throw Refusal("SCM.0064");
  if (!state.starts_with("CHECKING") && state != "UNPASSED") throw Refusal("SCM.0010");
  const json id = record["id"];
  const std::int64_t wait = withdrawal_wait(call.world, id.get<std::string>());
  end_order(call.world, id.get<std::string>(), "CANCELLED");
  record["status"] = "CANCELCHECKING";
  record["authentification"] = json::array();
  // The certificate that was paid for can be applied for anew once the CA agrees.
  change_later(call, record, "PAID", wait);
  store_scm_record(call.world, std::move(record));
  return json_reply(200, {{"cert_id", id}, {"message", "success"}});
}

}  // namespace emulator::scm
