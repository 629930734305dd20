// SPDX-License-Identifier: Apache-2.0
#include "pca/pca_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ctime>

#include "pca/pca_authority.h"
#include "pki/keys.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

constexpr std::int64_t kBackdate = 60;  // own-key examples of the reference start a minute early
constexpr std::int64_t kStartTolerance = 300;

bool is_uuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) {
      return false;
    }
  }
  return true;
}

[[noreturn]] void not_found(const World& world) {
  throw Refusal(world.options.text("not_found_style") == "live" ? "PCA.10010002" : "PCA.00030102");
}

json require(Call& call, const char* kind, const std::string& id, const char* bad_id) {
  if (!is_uuid(id)) throw Refusal(bad_id);
  const json* record = call.world.store.find(kind, id);
  if (record == nullptr || (*record)["domain_id"] != call.caller.domain_id) not_found(call.world);
  return *record;
}

// Calendar arithmetic, because the reference counts a year as 12 months and months by the calendar.
std::int64_t later(std::int64_t start, const std::string& unit, std::int64_t value) {
  if (unit == "HOUR") return start + value * 3600;
  if (unit == "DAY") return start + value * 86400;
  const auto time = static_cast<std::time_t>(start);
  std::tm parts{};
  gmtime_r(&time, &parts);
  parts.tm_mon += static_cast<int>(unit == "YEAR" ? value * 12 : value);
  return timegm(&parts);
}

// A limit in hours, so that every unit is compared with the same measure.
bool too_long(const std::string& unit, std::int64_t value, int longest_years) {
  const std::int64_t hours = unit == "YEAR"    ? 366 * 24
                             : unit == "MONTH" ? 31 * 24
                             : unit == "DAY"   ? 24
                                               : 1;
  return value > longest_years * 366LL * 24 / hours;
}

}  // namespace

json require_ca(Call& call) {
  return require(call, "ca", call.path.at("ca_id"), "PCA.00020201");
}

json require_pca_certificate(Call& call) {
  return require(call, "pca_certificate", call.path.at("certificate_id"), "PCA.00020301");
}

json require_issuer(Call& call, const std::string& id) {
  if (!is_uuid(id)) throw Refusal("PCA.00020201");
  const json* ca = call.world.store.find("ca", id);
  if (ca == nullptr || (*ca)["domain_id"] != call.caller.domain_id) {
    if (call.world.options.text("not_found_style") == "live") throw Refusal("PCA.10010002");
    throw Refusal("PCA.00030103");
  }
  check_not_frozen(*ca);
  if (state_of(call.world, *ca) != "ACTIVED" || ca->value("subordinate_by_csr", false)) {
    throw Refusal("PCA.00030201");
  }
  return *ca;
}

void check_not_frozen(const json& record) {
  if (record["freeze_flag"] != 0) throw Refusal("PCA.00030202");
}

std::string state_of(const World& world, const json& record) {
  const auto state = record["status"].get<std::string>();
  const bool live = state == "ISSUED" || state == "ACTIVED";
  return live && record["not_after"] <= world.clock.now_ms() ? "EXPIRED" : state;
}

Issuer private_issuer(World& world, const json& ca) {
  Issuer issuer;
  issuer.id = ca["ca_id"].get<std::string>();
  issuer.key = parse_private_key(ca["private_key"].get<std::string>());
  issuer.chain = parse_certificates(ca["certificate"].get<std::string>());
  // An imported CA brings what is above it.
  for (auto& above : parse_certificates(ca.value("external_chain", ""))) {
    issuer.chain.push_back(std::move(above));
  }
  if (ca["issuer_id"].is_null()) return issuer;
  const json* parent = world.store.find("ca", ca["issuer_id"].get<std::string>());
  if (parent == nullptr) return issuer;
  Issuer above = private_issuer(world, *parent);
  for (auto& certificate : above.chain) issuer.chain.push_back(std::move(certificate));
  return issuer;
}

Period period_of(const Call& call, const json& validity, const json* issuer, int longest_years) {
  const std::string unit = validity.is_object() ? validity.value("type", "") : "";
  const bool known = unit == "YEAR" || unit == "MONTH" || unit == "DAY" || unit == "HOUR";
  const bool counted = known && validity.contains("value") && validity["value"].is_number_integer();
  if (!counted) throw Refusal("PCA.00020109");
  const auto value = validity["value"].get<std::int64_t>();
  if (value < 1 || too_long(unit, value, longest_years)) throw Refusal("PCA.00020109");
  const std::int64_t now = call.world.clock.now_s();
  Period period{now - kBackdate, later(now, unit, value)};
  if (validity.contains("start_from") && validity["start_from"].is_number_integer()) {
    period.start = validity["start_from"].get<std::int64_t>() / 1000;
    if (period.start < now - kStartTolerance) throw Refusal("PCA.00020109", "start_from is past.");
    period.end = later(period.start, unit, value);
  }
  if (issuer != nullptr) {
    period.end = std::min(period.end, (*issuer)["not_after"].get<std::int64_t>() / 1000);
  }
  if (period.end <= period.start) throw Refusal("PCA.00020109");
  return period;
}

void check_subject(const json& subject, bool complete) {
  struct Part {
    const char* field;
    std::size_t least;
    std::size_t most;
  };
  if (!subject.is_object()) throw Refusal("PCA.00020101");
  for (const Part& part : {Part{"common_name", 1, 64}, Part{"country", 2, 2}, Part{"state", 1, 128},
                           Part{"locality", 1, 128}, Part{"organization", 1, 64},
                           Part{"organizational_unit", 1, 64}}) {
    const bool given = subject.contains(part.field) && !subject[part.field].is_null();
    if (!given) {
      if (complete || part.field == std::string("common_name")) {
        throw Refusal("PCA.00020101", fmt::format("{} is missing.", part.field));
      }
      continue;
    }
    if (!subject[part.field].is_string()) throw Refusal("PCA.00020101", part.field);
    const auto size = subject[part.field].get<std::string>().size();
    if (size < part.least || size > part.most) throw Refusal("PCA.00020101", part.field);
  }
}

std::string checked_key_algorithm(const Call& call) {
  std::string algorithm = call.text("key_algorithm").value_or("RSA2048");
  for (const char* known : {"RSA2048", "RSA4096", "EC256", "EC384"}) {
    if (algorithm == known) return algorithm;
  }
  throw Refusal("PCA.00020102");
}

std::string checked_hash(const Call& call) {
  std::string hash = call.text("signature_algorithm").value_or("SHA256");
  for (const char* known : {"SHA256", "SHA384", "SHA512"}) {
    if (hash == known) return hash;
  }
  throw Refusal("PCA.00020103");
}

json whole_subject(json subject) {
  for (const char* part :
       {"common_name", "country", "state", "locality", "organization", "organizational_unit"}) {
    if (!subject.contains(part)) subject[part] = nullptr;
  }
  return subject;
}

void store_ca(World& world, json ca) {
  const auto id = ca["ca_id"].get<std::string>();
  world.store.put("ca", id, std::move(ca));
}

std::string common_name_of(const json& record) {
  const json& subject = record.at("distinguished_name");
  const json name = subject.is_object() ? subject.value("common_name", json()) : json();
  return name.is_string() ? name.get<std::string>() : "";
}

json pca_view(const World& world, const json& record, const char* id_field) {
  json view = {{"status", state_of(world, record)}};
  for (const char* field :
       {id_field, "issuer_id", "issuer_name", "key_algorithm", "signature_algorithm", "freeze_flag",
        "gen_mode", "serial_number", "create_time", "delete_time", "not_before", "not_after",
        "distinguished_name", "enterprise_project_id"}) {
    view[field] = record[field];
  }
  view["distinguished_name"] = whole_subject(record["distinguished_name"]);
  return view;
}

json make_private_ca(World& world, const std::string& domain_id, const json& subject,
                     const json* parent) {
  json ca =
      new_ca_record(world, domain_id, parent == nullptr ? "ROOT" : "SUBORDINATE", subject, "EC256");
  const std::int64_t now = world.clock.now_s();
  const Period period{now - kBackdate, later(now, "YEAR", parent == nullptr ? 20 : 10)};
  ca["ocsp_switch"] = true;
  ca["crl_configuration"]["enabled"] = true;
  ca["crl_configuration"]["crl_dis_point"] =
      world.plain_url + "/pki/crl/" + ca["ca_id"].get<std::string>();
  sign_ca(world, ca, parent, {.period = period, .path_length = parent == nullptr ? 7 : 0});
  world.store.put("ca", ca["ca_id"].get<std::string>(), ca);
  return ca;
}

}  // namespace emulator
