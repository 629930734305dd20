// SPDX-License-Identifier: Apache-2.0
#include "ca/proofs.h"

#include <fmt/format.h>

#include <algorithm>

#include "ca/proof_places.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

// Every value that was ever asked for, so that one left over is known as such.
constexpr const char* kValue = "proof_value";

std::string bare_name(const std::string& name) {
  return name.starts_with("*.") ? name.substr(2) : name;
}

std::string new_value(const std::string& type) {
  if (type == "CNAME") return random_hex(16) + "." + random_hex(8) + ".dcv.invalid";
  return compact_time(machine_ms()) + random_hex(20);
}

// What record_name says for a file: the reference does not tell.
json shown_file(const json& plan, const std::string& file, const std::string& name) {
  const std::string style = plan.value("record_name", "file");
  if (style == "none") return nullptr;
  return style == "domain" ? name : file;
}

json new_proof(World& world, const json& order, const std::string& name) {
  const json& plan = order["plan"];
  const bool dns = order["method"] == "DNS";
  const std::string type = dns ? plan.value("record_type", "TXT") : "FILE";
  const std::string file = plan.value("file_name", "whois.txt");
  const std::string value = new_value(type);
  world.store.put(kValue, lower(value), {{"id", order["id"]}, {"round", order["round"]}});
  return {{"domain", name},
          {"record_name", dns ? json("_dnsauth." + bare_name(name)) : shown_file(plan, file, name)},
          {"record_type", type},
          {"record_value", value},
          {"expected", plan.value("wrong_value", false) ? new_value(type) : value},
          {"file", dns ? json() : json(file)}};
}

std::string without_dot(const std::string& value) {
  return value.ends_with('.') ? value.substr(0, value.size() - 1) : value;
}

bool has_value(const Sight& sight, const std::string& type, const std::string& expected) {
  return std::any_of(sight.values.begin(), sight.values.end(), [&](const std::string& value) {
    return type == "CNAME" ? lower(without_dot(value)) == lower(expected) : value == expected;
  });
}

// A value that an application before this one asked for, still in the answer.
std::string leftover_in(const World& world, const json& order, const Sight& sight) {
  for (const std::string& value : sight.values) {
    const json* known = world.store.find(kValue, lower(without_dot(value)));
    if (known == nullptr) continue;
    const bool current = (*known)["id"] == order["id"] && (*known)["round"] == order["round"];
    if (!current) return value;
  }
  return "";
}

json finding(const json& proof, bool proven, const std::string& seen) {
  return {{"domain", proof["domain"]}, {"proven", proven}, {"seen", seen}};
}

std::string said(const Sight& sight) {
  const std::string what = sight.problem.empty()
                               ? fmt::format("there is \"{}\"", join(sight.values, "\", \""))
                               : sight.problem;
  return sight.place.empty() ? what : sight.place + ": " + what;
}

json judge_file(const json& proof, const Sights& sights) {
  const auto expected = proof["expected"].get<std::string>();
  std::string seen;
  for (const char* scheme : {"http", "https"}) {
    bool asked = false;
    bool right = true;
    for (const Sight& sight : sights) {
      if (sight.scheme != scheme) continue;
      asked = true;
      right = right && sight.problem.empty() && sight.values.front() == expected;
      seen += (seen.empty() ? "" : "; ") + said(sight);
    }
    if (asked && right) return finding(proof, true, seen);
  }
  return finding(proof, false, seen + fmt::format("; expected is \"{}\"", expected));
}

json judge_record(const World& world, const json& order, const json& proof, const Sight& sight) {
  const auto expected = proof["expected"].get<std::string>();
  const std::string leftover = leftover_in(world, order, sight);
  if (!leftover.empty()) {
    return finding(
        proof, false,
        said(sight) + fmt::format("; \"{}\" is left over from an earlier application", leftover));
  }
  if (has_value(sight, proof["record_type"].get<std::string>(), expected)) {
    return finding(proof, true, said(sight));
  }
  return finding(proof, false, said(sight) + fmt::format("; expected is \"{}\"", expected));
}

}  // namespace

json new_proofs(World& world, const json& order) {
  json proofs = json::array();
  if (order["method"] == "EMAIL") return proofs;
  for (const json& name : order["names"]) {
    json proof = new_proof(world, order, name.get<std::string>());
    // An owner has one CNAME, so a name and its wildcard share theirs.
    const auto same = std::find_if(proofs.begin(), proofs.end(), [&](const json& other) {
      return proof["record_type"] == "CNAME" && other["record_name"] == proof["record_name"];
    });
    if (same != proofs.end()) {
      proof["record_value"] = (*same)["record_value"];
      proof["expected"] = (*same)["expected"];
    }
    proofs.push_back(std::move(proof));
  }
  return proofs;
}

json proof_views(const json& order) {
  json views = json::array();
  const int copies = order["plan"].value("duplicate_records", false) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    for (const json& proof : order["proofs"]) {
      views.push_back({{"record_name", proof["record_name"]},
                       {"record_type", proof["record_type"]},
                       {"record_value", proof["record_value"]},
                       {"domain", proof["domain"]}});
    }
  }
  return views;
}

std::vector<ProofWish> proof_wishes(const World& world, const json& order) {
  std::vector<ProofWish> wishes;
  for (const json& proof : order["proofs"]) {
    ProofWish wish;
    wish.domain = proof["domain"].get<std::string>();
    wish.record_type = proof["record_type"].get<std::string>();
    wish.timeout_ms = world.options.number("proof_timeout_ms");
    if (proof["file"].is_string()) {
      wish.file = proof["file"].get<std::string>();
      wish.http = places_of(world, "http", wish.domain);
      wish.https = places_of(world, "https", wish.domain);
    } else {
      wish.record_name = proof["record_name"].get<std::string>();
      wish.dns = proof_places(world)["dns"].get<std::string>();
    }
    wishes.push_back(std::move(wish));
  }
  return wishes;
}

json judge_sights(const World& world, const json& order, const std::vector<Sights>& sights) {
  json findings = json::array();
  const json& proofs = order["proofs"];
  for (std::size_t i = 0; i < proofs.size() && i < sights.size(); ++i) {
    findings.push_back(proofs[i]["file"].is_string()
                           ? judge_file(proofs[i], sights[i])
                           : judge_record(world, order, proofs[i], sights[i].front()));
  }
  return findings;
}

}  // namespace emulator
