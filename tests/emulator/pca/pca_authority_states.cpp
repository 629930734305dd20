// SPDX-License-Identifier: Apache-2.0
// Listing, showing, exporting and changing the state of private CAs (API reference 4.2.1).
#include <algorithm>

#include "pca/pca_authority.h"
#include "pca/pca_page.h"
#include "pki/keys.h"
#include "pki/pem.h"
#include "pki/signing_request.h"
#include "service/refusal.h"
#include "world.h"

namespace emulator::pca {
namespace {

json ca_view(const World& world, const json& ca) {
  json view = pca_view(world, ca, "ca_id");
  for (const char* field : {"type", "path_length", "crl_configuration", "free_quota",
                            "charging_mode", "cluster_id", "domain_id"}) {
    view[field] = ca[field];
  }
  view["ocsp_switch"] = ca.value("ocsp_switch", true);
  return view;
}

// Moves the CA to another state when it is in one of the allowed ones.
Reply move(Call& call, std::initializer_list<const char*> allowed, const char* next) {
  json ca = require_ca(call);
  check_not_frozen(ca);
  const std::string state = state_of(call.world, ca);
  if (std::find(allowed.begin(), allowed.end(), state) == allowed.end()) {
    throw Refusal("PCA.00030201");
  }
  ca["status"] = next;
  ca["delete_time"] = nullptr;
  store_ca(call.world, std::move(ca));
  return empty_reply(204);
}

Reply quota(const Call& call, const char* kind, const char* type, const char* option) {
  const auto& all = call.world.store.all(kind);
  const auto used = std::count_if(all.begin(), all.end(), [&](const auto& entry) {
    return entry.second["domain_id"] == call.caller.domain_id;
  });
  const json resource = {
      {"type", type}, {"used", used}, {"quota", call.world.options.number(option)}};
  return json_reply(200, {{"quotas", {{"resources", json::array({resource})}}}});
}

// A CA whose time is up is gone; noticed when somebody looks.
void purge_deleted(Call& call) {
  std::vector<std::string> gone;
  for (const auto& [id, ca] : call.world.store.all("ca")) {
    const bool due = ca["status"] == "DELETED" && !ca["delete_time"].is_null() &&
                     ca["delete_time"] <= call.world.clock.now_ms();
    if (due) gone.push_back(id);
  }
  for (const std::string& id : gone) call.world.store.remove("ca", id);
}

}  // namespace

Reply list_cas(Call& call) {
  purge_deleted(call);
  std::vector<json> views;
  for (const auto& [id, ca] : call.world.store.all("ca")) {
    const bool listed = ca["domain_id"] == call.caller.domain_id &&
                        !ca.value("subordinate_by_csr", false) &&
                        (!call.text("type") || ca["type"] == *call.text("type"));
    if (listed) views.push_back(ca_view(call.world, ca));
  }
  return pca_page(call, std::move(views), "certificate_authorities");
}

Reply show_ca(Call& call) {
  purge_deleted(call);
  return json_reply(200, ca_view(call.world, require_ca(call)));
}

Reply delete_ca(Call& call) {
  json ca = require_ca(call);
  const std::string state = state_of(call.world, ca);
  if (state == "PENDING") {
    call.world.store.remove("ca", ca["ca_id"].get<std::string>());
    return empty_reply(204);
  }
  if (state != "DISABLED" && state != "REVOKED") throw Refusal("PCA.00030201");
  check_not_frozen(ca);
  ca["deleted_from"] = state;
  ca["status"] = "DELETED";
  ca["delete_time"] = call.world.clock.now_ms() + call.number("pending_days", 7) * kDayMs;
  store_ca(call.world, std::move(ca));
  return empty_reply(204);
}

Reply restore_ca(Call& call) {
  // A revoked CA must not come back to life on the way through the bin.
  const bool revoked = require_ca(call).value("deleted_from", "") == "REVOKED";
  return move(call, {"DELETED"}, revoked ? "REVOKED" : "DISABLED");
}
Reply disable_ca(Call& call) {
  return move(call, {"ACTIVED", "EXPIRED"}, "DISABLED");
}
Reply enable_ca(Call& call) {
  return move(call, {"DISABLED"}, "ACTIVED");
}

Reply export_ca(Call& call) {
  const json ca = require_ca(call);
  const std::string state = state_of(call.world, ca);
  if (state != "ACTIVED" && state != "EXPIRED" && state != "DISABLED") {
    throw Refusal("PCA.00030201");
  }
  Issuer issuer = private_issuer(call.world, ca);
  const std::string own = certificate_pem(issuer.certificate());
  issuer.chain.erase(issuer.chain.begin());
  const std::string style = call.world.options.text("pca_pem");
  return json_reply(200,
                    {{"certificate", lay_out_pem(own, style)},
                     {"certificate_chain", lay_out_pem(certificates_pem(issuer.chain), style)}});
}

Reply export_ca_csr(Call& call) {
  const json ca = require_ca(call);
  if (state_of(call.world, ca) != "PENDING" || is_blank(ca, "private_key")) {
    throw Refusal("PCA.00030201");
  }
  const KeyHandle key = parse_private_key(ca["private_key"].get<std::string>());
  const std::string csr = make_signing_request(ca["distinguished_name"], {}, key.get());
  return json_reply(200, {{"csr", lay_out_pem(csr, call.world.options.text("pca_pem"))}});
}

Reply show_ca_quota(Call& call) {
  return quota(call, "ca", "CERTIFICATE_AUTHORITY", "ca_quota");
}

Reply show_certificate_quota(Call& call) {
  return quota(call, "pca_certificate", "CERTIFICATE", "certificate_quota");
}

}  // namespace emulator::pca
