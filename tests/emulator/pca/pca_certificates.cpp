// SPDX-License-Identifier: Apache-2.0
// Listing, showing, deleting and revoking private certificates (API reference 4.2.2).
#include "pca/pca_certificates.h"

#include "pca/pca_page.h"
#include "pca/pca_records.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator::pca {
namespace {

json certificate_view(const World& world, const json& record) {
  return pca_view(world, record, "certificate_id");
}

}  // namespace

Reply list_certificates(Call& call) {
  std::vector<json> views;
  for (const auto& [id, record] : call.world.store.all("pca_certificate")) {
    if (record["domain_id"] == call.caller.domain_id) {
      views.push_back(certificate_view(call.world, record));
    }
  }
  return pca_page(call, std::move(views), "certificates");
}

Reply show_certificate(Call& call) {
  return json_reply(200, certificate_view(call.world, require_pca_certificate(call)));
}

Reply delete_certificate(Call& call) {
  const json record = require_pca_certificate(call);
  call.world.store.remove("pca_certificate", record["certificate_id"].get<std::string>());
  return empty_reply(204);
}

Reply revoke_certificate(Call& call) {
  // The reference asks for `{}` when no reason is given.
  if (call.body.is_null()) throw Refusal("PCA.00020001", "The body is missing.");
  json record = require_pca_certificate(call);
  if (state_of(call.world, record) != "ISSUED") throw Refusal("PCA.00030201");
  record["status"] = "REVOKED";
  record["revoke_reason"] = call.text("reason").value_or("UNSPECIFIED");
  record["revoke_time"] = call.world.clock.now_ms();
  const auto id = record["certificate_id"].get<std::string>();
  call.world.store.put("pca_certificate", id, std::move(record));
  return empty_reply(204);
}

}  // namespace emulator::pca
