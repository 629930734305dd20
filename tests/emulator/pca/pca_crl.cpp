// SPDX-License-Identifier: Apache-2.0
// What a CA is told about revocation: its CRL configuration, the agency and bucket it needs, the
// addresses in its certificates, and the reasons (API reference, table "CrlConfiguration").
#include <algorithm>

#include "pca/pca_authority.h"
#include "service/refusal.h"
#include "world.h"

namespace emulator {

json no_crl(const std::string& ca_id) {
  return {{"enabled", false},
          {"crl_name", ca_id},
          {"obs_bucket_name", nullptr},
          {"valid_days", 7},
          {"crl_dis_point", nullptr}};
}

json crl_settings(const Call& call, const json& asked, const std::string& ca_id) {
  json settings = no_crl(ca_id);
  for (const char* field : {"enabled", "crl_name", "obs_bucket_name", "valid_days"}) {
    if (asked.contains(field) && !asked[field].is_null()) settings[field] = asked[field];
  }
  if (settings["enabled"] != true) return settings;
  const bool complete = asked.contains("valid_days") && has_obs_agency(call) &&
                        settings["obs_bucket_name"] == obs_bucket(call);
  if (!complete) {
    throw Refusal("PCA.00020204", "It takes valid_days, a bucket of yours and the OBS agency.");
  }
  settings["crl_dis_point"] = call.world.plain_url + "/pki/crl/" + ca_id;
  return settings;
}

bool has_obs_agency(const Call& call) {
  return call.world.store.find("obs_agency", call.caller.domain_id) != nullptr;
}

std::string obs_bucket(const Call& call) {
  return "ccm-crl-" + call.caller.domain_id.substr(0, 8);
}

void enter_revocation_urls(const World& world, const json& issuer, CertificateSpec& spec) {
  const auto id = issuer["ca_id"].get<std::string>();
  if (issuer.value("ocsp_switch", true)) spec.ocsp_url = world.plain_url + "/pki/ocsp/" + id;
  if (issuer["crl_configuration"]["enabled"] == true) {
    spec.crl_url = world.plain_url + "/pki/crl/" + id;
  }
}

const std::vector<std::string>& revocation_reasons() {
  static const std::vector<std::string> kReasons = {
      "UNSPECIFIED",         "KEY_COMPROMISE",      "CERTIFICATE_AUTHORITY_COMPROMISE",
      "AFFILIATION_CHANGED", "SUPERSEDED",          "CESSATION_OF_OPERATION",
      "CERTIFICATE_HOLD",    "PRIVILEGE_WITHDRAWN", "ATTRIBUTE_AUTHORITY_COMPROMISE"};
  return kReasons;
}

int reason_number(const std::string& reason) {
  const auto& known = revocation_reasons();
  const auto at = std::find(known.begin(), known.end(), reason) - known.begin();
  // Number 7 is not used, 8 takes an entry back, so the last two are 9 and 10.
  return static_cast<int>(at < 7 ? at : at < 9 ? at + 2 : 0);
}

}  // namespace emulator
