// SPDX-License-Identifier: Apache-2.0
// ExportCertificate of PCA: JSON, or a ZIP with the entries of the server kind (API
// reference 4.2.2.8).
#include <fmt/format.h>

#include "pca/pca_certificates.h"
#include "pca/pca_records.h"
#include "pki/archive.h"
#include "pki/certificate_effects.h"
#include "pki/keys.h"
#include "pki/pem.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator::pca {
namespace {

constexpr std::size_t kLongestPassword = 32;

struct Export {
  Material material;
  std::string certificate;  // PEM, laid out
  std::string chain;
  std::string key;  // empty when the client has it
};

Export make_export(Call& call, const json& record) {
  const json* ca = call.world.store.find("ca", record["issuer_id"].get<std::string>());
  if (ca == nullptr) throw Refusal("PCA.00030103");
  Issuer issuer = private_issuer(call.world, *ca);
  Export result;
  Material& material = result.material;
  material.certificate =
      std::move(parse_certificates(record["certificate"].get<std::string>()).front());
  material.key = parse_private_key(record["private_key"].get<std::string>());
  for (const auto& certificate : issuer.chain) {
    X509_up_ref(certificate.get());
    material.chain.emplace_back(certificate.get());
  }
  spoil_leaf(call.world, call.effect, issuer, material);
  spoil_chain(call.world, call.effect, issuer, material);
  const std::string style = pem_style(call.effect, call.world.options.text("pca_pem"));
  const std::string password = call.text("password").value_or("");
  result.certificate = lay_out_pem(certificate_pem(material.certificate.get()), style);
  result.chain = lay_out_pem(certificates_pem(material.chain), style);
  if (material.key != nullptr) {
    result.key = lay_out_pem(private_key_pem(material.key.get(), password), style);
  }
  return result;
}

using Entries = std::vector<std::pair<std::string, std::string>>;

Entries keystore_entries(const Export& exported, const char* file) {
  const std::string password = random_token(16);
  const std::string store =
      make_pkcs12({exported.material.key.get(), exported.material.certificate.get(),
                   &exported.material.chain, password});
  return {{"keystorePass.txt", password}, {file, store}};
}

Entries entries_of(const Export& exported, const std::string& type) {
  if (type == "IIS") return keystore_entries(exported, "server.pfx");
  if (type == "TOMCAT") return keystore_entries(exported, "server.jks");
  Entries entries;
  if (!exported.key.empty()) entries.emplace_back("server.key", exported.key);
  if (type == "NGINX") {
    entries.emplace_back("server.crt", exported.certificate + exported.chain);
  } else {
    const std::string end = type == "APACHE" ? "crt" : "pem";
    entries.emplace_back("chain." + end, exported.chain);
    entries.emplace_back("server." + end, exported.certificate);
  }
  return entries;
}

Reply zip_reply(const Export& exported, const json& record, const std::string& type) {
  Reply reply;
  reply.body = make_zip(entries_of(exported, type));
  const std::string name =
      record["distinguished_name"]["common_name"].get<std::string>() + "_" + lower(type) + ".zip";
  reply.headers = {
      {"Content-Type", "application/octet-stream"},
      {"Content-Disposition", fmt::format("attachment; filename=\"{}\"", percent_encode(name))}};
  return reply;
}

}  // namespace

Reply export_certificate(Call& call) {
  const json record = require_pca_certificate(call);
  if (state_of(call.world, record) != "ISSUED") throw Refusal("PCA.00030201");
  const std::string type = upper(call.text("type").value_or(""));
  if (call.text("password").value_or("").size() > kLongestPassword) throw Refusal("PCA.00020001");
  const bool compressed = call.flag("is_compressed", false);
  if (!compressed && (type == "IIS" || type == "TOMCAT")) {
    throw Refusal("PCA.00020001",
                  "IIS and TOMCAT exist only as archives; is_compressed must be true.");
  }
  const Export exported = make_export(call, record);
  if (compressed) return zip_reply(exported, record, type);
  json answer = {{"certificate", exported.certificate}, {"certificate_chain", exported.chain}};
  if (!exported.key.empty()) answer["private_key"] = exported.key;
  return json_reply(200, answer);
}

}  // namespace emulator::pca
