// SPDX-License-Identifier: Apache-2.0
#include "pca/pca_authority.h"

#include <algorithm>

#include "pki/keys.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

constexpr int kRootPathLength = 7;  // what the reference's root shows

void enter_signed_certificate(json& ca, X509* certificate, const CaSigning& signing) {
  ca["certificate"] = certificate_pem(certificate);
  ca["not_before"] = start_of(certificate) * 1000;
  ca["not_after"] = end_of(certificate) * 1000;
  ca["signature_algorithm"] = signing.hash;
  ca["path_length"] = signing.path_length;
  ca["status"] = "ACTIVED";
}

void check_ca_quota(const Call& call) {
  const auto& all = call.world.store.all("ca");
  const auto used = std::count_if(all.begin(), all.end(), [&](const auto& entry) {
    return entry.second["domain_id"] == call.caller.domain_id;
  });
  if (used >= call.world.options.number("ca_quota")) throw Refusal("PCA.00030001");
}

int checked_path_length(const Call& call, const json& parent) {
  const std::int64_t asked = call.number("path_length", 0);
  const auto above = parent["path_length"].get<std::int64_t>();
  if (asked < 0 || asked > 6 || asked >= std::max<std::int64_t>(above, 1)) {
    throw Refusal("PCA.00020203");
  }
  return static_cast<int>(asked);
}

// A prepaid CA that waits to be filled in, or a new one within the quota.
json new_or_ordered(Call& call) {
  if (const auto ordered = call.text("ca_id")) {
    // It is the billing service that looks for the order.
    if (call.world.store.find("ca", *ordered) == nullptr) throw Refusal("CBC.30000067");
    call.path["ca_id"] = *ordered;
    json ca = require_ca(call);
    if (ca["status"] != "PENDING" || !is_blank(ca, "private_key")) throw Refusal("PCA.00030201");
    return ca;
  }
  check_ca_quota(call);
  return new_ca_shell(call.world, call.caller.domain_id);
}

void sign_root(Call& call, json& ca) {
  if (!call.body.contains("validity")) throw Refusal("PCA.00020109");
  if (!call.body.contains("signature_algorithm")) throw Refusal("PCA.00020103");
  const Period period = period_of(call, call.body["validity"], nullptr, 30);
  sign_ca(call.world, ca, nullptr,
          {.period = period, .path_length = kRootPathLength, .hash = checked_hash(call)});
}

bool activated_at_once(const Call& call) {
  return call.body.contains("issuer_id") && call.body.contains("signature_algorithm") &&
         call.body.contains("validity");
}

void sign_subordinate(Call& call, json& ca) {
  const json parent = require_issuer(call, call.text("issuer_id").value_or(""));
  CaSigning signing{.period = period_of(call, call.body["validity"], &parent, 20),
                    .path_length = checked_path_length(call, parent),
                    .hash = checked_hash(call)};
  if (call.body.contains("key_usages") && call.body["key_usages"].is_array()) {
    signing.key_usages = call.body["key_usages"].get<std::vector<std::string>>();
  }
  sign_ca(call.world, ca, &parent, signing);
}

}  // namespace

json new_ca_shell(World& world, const std::string& domain_id) {
  const std::string id = random_uuid();
  json ca = {{"ca_id", id},
             {"domain_id", domain_id},
             {"type", nullptr},
             {"status", "PENDING"},
             {"key_algorithm", nullptr},
             {"freeze_flag", 0},
             {"gen_mode", "GENERATE"},
             {"serial_number", fresh_serial(world)},
             {"create_time", world.clock.now_ms()},
             {"distinguished_name", json::object()},
             {"private_key", ""},
             {"certificate", ""},
             {"enterprise_project_id", "0"},
             {"free_quota", 0},
             {"charging_mode", 1},
             {"ocsp_switch", false},
             {"crl_configuration", no_crl(id)}};
  for (const char* field : {"issuer_id", "issuer_name", "path_length", "signature_algorithm",
                            "delete_time", "not_before", "not_after", "cluster_id"}) {
    ca[field] = nullptr;
  }
  return ca;
}

void fill_ca(json& ca, const std::string& type, const json& subject,
             const std::string& key_algorithm) {
  ca["type"] = type;
  ca["distinguished_name"] = subject;
  ca["key_algorithm"] = key_algorithm;
  ca["private_key"] = private_key_pem(generate_key(key_algorithm).get());
}

json new_ca_record(World& world, const std::string& domain_id, const std::string& type,
                   const json& subject, const std::string& key_algorithm) {
  json ca = new_ca_shell(world, domain_id);
  fill_ca(ca, type, subject, key_algorithm);
  return ca;
}

void sign_ca(World& world, json& ca, const json* parent, const CaSigning& signing) {
  const KeyHandle key = parse_private_key(ca["private_key"].get<std::string>());
  CertificateSpec spec;
  spec.subject = ca["distinguished_name"];
  spec.public_key = key.get();
  spec.serial = ca["serial_number"].get<std::string>();
  spec.not_before = signing.period.start;
  spec.not_after = signing.period.end;
  spec.hash = signing.hash;
  spec.key_usages = signing.key_usages;
  spec.path_length = signing.path_length;
  Issuer issuer;
  if (parent != nullptr) {
    issuer = private_issuer(world, *parent);
    enter_revocation_urls(world, *parent, spec);
    ca["issuer_id"] = (*parent)["ca_id"];
    ca["issuer_name"] = (*parent)["distinguished_name"]["common_name"];
  }
  const CertificateHandle made =
      issue_certificate(spec, parent == nullptr ? Signer{nullptr, key.get()} : issuer.signer());
  enter_signed_certificate(ca, made.get(), signing);
}

namespace pca {

Reply create_ca(Call& call) {
  check_subject(call.body["distinguished_name"], true);
  json ca = new_or_ordered(call);
  const std::string type = call.text("type").value_or("");
  fill_ca(ca, type, call.body["distinguished_name"], checked_key_algorithm(call));
  if (call.body.contains("crl_configuration")) {
    ca["crl_configuration"] =
        crl_settings(call, call.body["crl_configuration"], ca["ca_id"].get<std::string>());
  }
  if (const auto project = call.text("enterprise_project_id")) {
    ca["enterprise_project_id"] = *project;
  }
  if (call.body.contains("hsm_cluster_info")) {
    ca["cluster_id"] = call.body["hsm_cluster_info"].value("cluster_id", json());
  }
  if (type == "ROOT") {
    sign_root(call, ca);
  } else if (activated_at_once(call)) {
    sign_subordinate(call, ca);
  }
  const json id = ca["ca_id"];
  call.world.store.put("ca", id.get<std::string>(), std::move(ca));
  return json_reply(200, {{"ca_id", id}});
}

Reply activate_ca(Call& call) {
  json ca = require_ca(call);
  if (state_of(call.world, ca) != "PENDING") throw Refusal("PCA.00030201");
  // A prepaid CA gets its subject and key here.
  if (is_blank(ca, "private_key")) {
    check_subject(call.body.value("distinguished_name", json()), true);
    fill_ca(ca, "SUBORDINATE", call.body["distinguished_name"], checked_key_algorithm(call));
  }
  if (call.body.contains("crl_configuration")) {
    ca["crl_configuration"] =
        crl_settings(call, call.body["crl_configuration"], ca["ca_id"].get<std::string>());
  }
  sign_subordinate(call, ca);
  const auto id = ca["ca_id"].get<std::string>();
  call.world.store.put("ca", id, std::move(ca));
  return empty_reply(204);
}

}  // namespace pca
}  // namespace emulator
