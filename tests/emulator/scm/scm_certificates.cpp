// SPDX-License-Identifier: Apache-2.0
// ShowCertificate, DeleteCertificate and ExportCertificate of SCM (API reference 4.1.5.3
// to 4.1.5.5).
#include "admin/targets.h"
#include "ca/orders.h"
#include "pki/certificate_effects.h"
#include "pki/keys.h"
#include "pki/pem.h"
#include "scm/scm_handlers.h"
#include "scm/scm_records.h"
#include "service/refusal.h"
#include "world.h"

namespace emulator::scm {
namespace {

bool exportable(const std::string& state) {
  return state == "ISSUED" || state == "UPLOAD" || state == "EXPIRED" ||
         state == "SUPPLEMENTCHECKING" || state == "CANCELSUPPLEMENTING";
}

bool busy(const std::string& state) {
  return state.starts_with("CHECKING") || state == "CANCELCHECKING" || state == "ISSUING" ||
         state == "REVOKING" || state == "SUPPLEMENTCHECKING";
}

Material material_of(Call& call, const json& record) {
  Material material;
  material.certificate =
      std::move(parse_certificates(record["certificate"].get<std::string>()).front());
  material.chain = parse_certificates(record["certificate_chain"].get<std::string>());
  material.key = parse_private_key(record["private_key"].get<std::string>());
  const Issuer issuer = named_issuer(call.world, "scm");
  spoil_leaf(call.world, call.effect, issuer, material);
  json chain_effect = call.effect;
  if (call.world.options.flag("scm_root_in_chain") && record["status"] != "UPLOAD") {
    chain_effect["root_attached"] = true;
  }
  spoil_chain(call.world, chain_effect, issuer, material);
  return material;
}

}  // namespace

Reply show_certificate(Call& call) {
  return json_reply(200, scm_detail_view(require_scm_record(call)));
}

Reply delete_certificate(Call& call) {
  const json record = require_scm_record(call);
  if (busy(record["status"].get<std::string>())) throw Refusal("SCM.0010");
  if (!targets_of(call.world, record["id"].get<std::string>()).empty()) throw Refusal("SCM.0105");
  end_order(call.world, record["id"].get<std::string>(), "DELETED");
  call.world.store.remove("scm_certificate", record["id"].get<std::string>());
  return empty_reply(204);
}

Reply export_certificate(Call& call) {
  const json record = require_scm_record(call);
  if (!exportable(record["status"].get<std::string>()) || is_blank(record, "certificate")) {
    throw Refusal("SCM.0010");
  }
  const Material material = material_of(call, record);
  if (material.key == nullptr && call.world.options.text("export_without_key") == "refuse") {
    throw Refusal("SCM.0059");
  }
  const std::string style = pem_style(call.effect, call.world.options.text("scm_pem"));
  const std::string leaf = certificate_pem(material.certificate.get());
  const std::string chain = certificates_pem(material.chain);
  const std::string key = material.key == nullptr ? "" : private_key_pem(material.key.get());
  json answer = {{"entire_certificate", lay_out_pem(leaf + chain, style)},
                 {"certificate", lay_out_pem(leaf, style)},
                 {"certificate_chain", lay_out_pem(chain, style)},
                 {"private_key", lay_out_pem(key, style)}};
  for (const char* field : {"enc_certificate", "enc_private_key"}) {
    answer[field] = record.contains(field) ? record[field] : json();
  }
  return json_reply(200, answer);
}

}  // namespace emulator::scm
