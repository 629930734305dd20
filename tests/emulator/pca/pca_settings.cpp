// SPDX-License-Identifier: Apache-2.0
// CRL and OCSP of a CA, the agency through which PCA writes CRLs into buckets, and the console's
// feature flags (API reference 4.2.3; CRL and OCSP switches are in the SDK).
#include "pca/pca_authority.h"
#include "service/catalogue.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

json require_live_ca(Call& call) {
  json ca = require_ca(call);
  if (state_of(call.world, ca) != "ACTIVED") throw Refusal("PCA.00030201");
  return ca;
}

Reply enable_crl(Call& call) {
  json ca = require_live_ca(call);
  json wanted = call.body;
  wanted["enabled"] = true;
  ca["crl_configuration"] = crl_settings(call, wanted, ca["ca_id"].get<std::string>());
  store_ca(call.world, std::move(ca));
  return empty_reply(204);
}

Reply disable_crl(Call& call) {
  json ca = require_live_ca(call);
  ca["crl_configuration"]["enabled"] = false;
  ca["crl_configuration"]["crl_dis_point"] = nullptr;
  store_ca(call.world, std::move(ca));
  return empty_reply(204);
}

Reply switch_ocsp(Call& call) {
  json ca = require_live_ca(call);
  ca["ocsp_switch"] = call.flag("ocsp_switch", false);
  store_ca(call.world, std::move(ca));
  return empty_reply(204);
}

Reply show_agency(Call& call) {
  const bool granted = has_obs_agency(call);
  return json_reply(200, {{"agency_granted", granted ? "true" : "false"}});
}

Reply create_obs_agency(Call& call) {
  const json* known = call.world.store.find("obs_agency", call.caller.domain_id);
  const std::string id = known == nullptr ? random_hex(16) : known->get<std::string>();
  call.world.store.put("obs_agency", call.caller.domain_id, id);
  return json_reply(200, {{"agency_id", id}});
}

Reply list_buckets(Call& call) {
  if (!has_obs_agency(call)) throw Refusal("PCA.00000006");
  const json bucket = {{"bucket_name", obs_bucket(call)}, {"create_time", 1'600'000'000'000}};
  return json_reply(200, {{"total", 1}, {"obs_buckets", json::array({bucket})}});
}

Reply show_console_config(Call&) {
  return json_reply(200, {{"is_support_eps", true},
                          {"is_support_sm2", false},
                          {"is_support_dhsm", false},
                          {"dhsm_regions", json::array()},
                          {"is_support_yearly_monthly_ca", true},
                          {"is_support_iam5", true},
                          {"is_support_ocsp", true}});
}

}  // namespace

Operations pca_setting_operations() {
  const std::string all = "/v1/private-certificate-authorities";
  const std::string one = all + "/{ca_id}";
  return {
      {Service::pca,
       "EnableCertificateAuthorityCrl",
       "POST",
       one + "/crl/enable",
       enable_crl,
       {body_text("crl_name").refused_as("PCA.00020204"),
        body_text("obs_bucket_name").must().refused_as("PCA.00020204"),
        body_number("valid_days").must().within(7, 30).refused_as("PCA.00020204")}},
      {Service::pca, "DisableCertificateAuthorityCrl", "POST", one + "/crl/disable", disable_crl},
      {Service::pca,
       "UpdateOcspSwitch",
       "POST",
       one + "/ocsp/switch",
       switch_ocsp,
       {body_flag("ocsp_switch").must()}},
      {Service::pca, "ShowCertificateAuthorityObsAgency", "GET", all + "/obs/agencies",
       show_agency},
      {Service::pca, "CreateCertificateAuthorityObsAgency", "POST", all + "/obs/agencies",
       create_obs_agency},
      {Service::pca, "ListCertificateAuthorityObsBucket", "GET", all + "/obs/buckets",
       list_buckets},
      {Service::pca, "ShowAgency", "GET", all + "/agency", show_agency},
      {Service::pca, "CreateAgency", "POST", all + "/agencies", create_obs_agency},
      {Service::pca, "ShowConsoleConfig", "GET", "/v1/pca/config/console", show_console_config},
  };
}

}  // namespace emulator
