// SPDX-License-Identifier: Apache-2.0
// CreateCertificate, CreateCertificateByCsr and ParseCertificateSigningRequest of PCA (4.2.2).
#include <arpa/inet.h>

#include <algorithm>

#include "pca/pca_authority.h"
#include "pca/pca_certificates.h"
#include "pki/certificate_effects.h"
#include "pki/keys.h"
#include "pki/pem.h"
#include "pki/signing_request.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator::pca {
namespace {

struct Flag {
  const char* field;
  const char* usage;
};
constexpr Flag kExtendedKeyUsages[] = {
    {"server_auth", "serverAuth"},     {"client_auth", "clientAuth"},
    {"code_signing", "codeSigning"},   {"email_protection", "emailProtection"},
    {"time_stamping", "timeStamping"}, {"smart_card_logon", "1.3.6.1.4.1.311.20.2.2"}};

// The admin side's lifetime stands in for the period that was asked for, to make ends come soon.
Period effective_period(const Call& call, const Period& asked) {
  const json& override = call.world.options.value("pca_lifetime");
  if (!override.is_object()) return asked;
  const std::int64_t now = call.world.clock.now_s();
  return {now - override.value("backdate", 0), now + override["seconds"].get<std::int64_t>()};
}

void check_certificate_quota(const Call& call) {
  const auto& all = call.world.store.all("pca_certificate");
  const std::int64_t quota = call.world.options.number("certificate_quota");
  // Nobody has used it up while all together have not.
  if (static_cast<std::int64_t>(all.size()) < quota) return;
  const auto used = std::count_if(all.begin(), all.end(), [&](const auto& entry) {
    return entry.second["domain_id"] == call.caller.domain_id;
  });
  if (used >= quota) throw Refusal("PCA.00030001");
}

void check_name(const AlternativeName& name) {
  const std::size_t longest = name.type == "IP" ? 39 : name.type == "EMAIL" ? 256 : 253;
  if (name.value.empty() || name.value.size() > longest) {
    throw Refusal(name.type == "IP" ? "PCA.00020111" : "PCA.00020110", name.value);
  }
  if (name.type == "IP") {
    char bytes[16];
    const bool sound = inet_pton(AF_INET, name.value.c_str(), bytes) == 1 ||
                       inet_pton(AF_INET6, name.value.c_str(), bytes) == 1;
    if (!sound) throw Refusal("PCA.00020111", name.value);
  }
  if (name.type != "DNS") return;
  for (const std::string& label : split(name.value, '.')) {
    if (label.empty() || label.size() > 63 || contains(label, " ")) {
      throw Refusal("PCA.00020110", name.value);
    }
  }
}

std::vector<AlternativeName> requested_names(const Call& call) {
  std::vector<AlternativeName> names;
  if (!call.body.contains("subject_alternative_names")) return names;
  for (const json& entry : call.body["subject_alternative_names"]) {
    if (!entry.is_object()) throw Refusal("PCA.00020001");
    AlternativeName name{entry.value("type", ""), entry.value("value", "")};
    const bool known =
        name.type == "DNS" || name.type == "IP" || name.type == "EMAIL" || name.type == "URI";
    if (!known) throw Refusal("PCA.00020112");
    check_name(name);
    names.push_back(std::move(name));
  }
  return names;
}

// Parts the request leaves out come from the CA.
json inherited_subject(json subject, const json& ca) {
  for (const char* field :
       {"country", "state", "locality", "organization", "organizational_unit"}) {
    if (subject.contains(field) && !subject[field].is_null()) continue;
    subject[field] = ca["distinguished_name"].value(field, json());
  }
  return subject;
}

struct Issuance {
  CertificateSpec spec;
  std::string gen_mode;  // GENERATE or CSR
  KeyHandle key;         // null when the client has it
};

json issue(Call& call, const json& ca, Issuance issuance) {
  const Issuer issuer = private_issuer(call.world, ca);
  const std::string id = random_uuid();
  CertificateSpec& spec = issuance.spec;
  spec.serial = fresh_serial(call.world);
  enter_revocation_urls(call.world, ca, spec);
  Material material{issue_certificate(spec, issuer.signer()), {}, std::move(issuance.key)};
  spoil_leaf(call.world, call.effect, issuer, material);
  X509* const leaf = material.certificate.get();
  call.world.store.put(
      "pca_certificate", id,
      {{"certificate_id", id},
       {"domain_id", call.caller.domain_id},
       {"status", "ISSUED"},
       {"issuer_id", ca["ca_id"]},
       {"issuer_name", ca["distinguished_name"]["common_name"]},
       {"key_algorithm", kind_of(X509_get0_pubkey(leaf))},
       {"signature_algorithm", spec.hash},
       {"freeze_flag", 0},
       {"gen_mode", issuance.gen_mode},
       {"serial_number", spec.serial},
       {"create_time", call.world.clock.now_ms()},
       {"delete_time", nullptr},
       {"not_before", start_of(leaf) * 1000},
       {"not_after", end_of(leaf) * 1000},
       {"distinguished_name", spec.subject},
       {"enterprise_project_id", call.text("enterprise_project_id").value_or("0")},
       {"certificate", certificate_pem(leaf)},
       {"private_key", material.key == nullptr ? "" : private_key_pem(material.key.get())}});
  return {{"certificate_id", id}};
}

SigningRequest checked_request(const Call& call) {
  auto request = parse_signing_request(call.text("csr").value_or(""));
  if (!request) throw Refusal("PCA.00020401");
  return std::move(*request);
}

// INTERMEDIATE_CA: the answer is the identifier of a CA whose key is elsewhere and that cannot
// issue here.
json issue_intermediate(Call& call, const json& parent, const SigningRequest& request) {
  const std::int64_t path_length = call.number("path_length", 0);
  if (path_length >= std::max<std::int64_t>(parent["path_length"].get<std::int64_t>(), 1)) {
    throw Refusal("PCA.00020203");
  }
  json ca =
      new_ca_record(call.world, call.caller.domain_id, "SUBORDINATE", request.subject, "EC256");
  const Issuer issuer = private_issuer(call.world, parent);
  const Period period = period_of(call, call.body["validity"], &parent, 20);
  CertificateSpec spec;
  spec.subject = request.subject;
  spec.public_key = request.key.get();
  spec.serial = ca["serial_number"].get<std::string>();
  spec.not_before = period.start;
  spec.not_after = period.end;
  spec.hash = "SHA384";
  spec.key_usages = {"digitalSignature", "keyCertSign", "cRLSign"};
  spec.path_length = static_cast<int>(path_length);
  enter_revocation_urls(call.world, parent, spec);
  const CertificateHandle made = issue_certificate(spec, issuer.signer());
  ca.update({{"private_key", ""},
             {"gen_mode", "CSR"},
             {"status", "ACTIVED"},
             {"subordinate_by_csr", true},
             {"certificate", certificate_pem(made.get())},
             {"not_before", period.start * 1000},
             {"not_after", period.end * 1000},
             {"issuer_id", parent["ca_id"]},
             {"signature_algorithm", spec.hash},
             {"issuer_name", parent["distinguished_name"]["common_name"]},
             {"path_length", path_length},
             {"key_algorithm", kind_of(request.key.get())}});
  const json id = ca["ca_id"];
  call.world.store.put("ca", id.get<std::string>(), std::move(ca));
  return {{"certificate_id", id}};
}

}  // namespace

Reply create_certificate(Call& call) {
  const json ca = require_issuer(call, call.text("issuer_id").value_or(""));
  check_subject(call.body["distinguished_name"], false);
  check_certificate_quota(call);
  const Period period = effective_period(call, period_of(call, call.body["validity"], &ca, 20));
  Issuance issuance;
  issuance.gen_mode = "GENERATE";
  CertificateSpec& spec = issuance.spec;
  spec.subject = inherited_subject(call.body["distinguished_name"], ca);
  spec.names = requested_names(call);
  spec.hash = checked_hash(call);
  spec.not_before = period.start;
  spec.not_after = period.end;
  if (call.body.contains("key_usages") && call.body["key_usages"].is_array()) {
    spec.key_usages = call.body["key_usages"].get<std::vector<std::string>>();
  }
  const json extended = call.body.value("extended_key_usage", json::object());
  for (const Flag& flag : kExtendedKeyUsages) {
    if (extended.is_object() && extended.value(flag.field, json()) == true) {
      spec.extended_key_usages.emplace_back(flag.usage);
    }
  }
  spec.custom_extension = call.body.value("customized_extension", json());
  issuance.key = generate_key(checked_key_algorithm(call));
  spec.public_key = issuance.key.get();
  return json_reply(200, issue(call, ca, std::move(issuance)));
}

Reply create_certificate_by_csr(Call& call) {
  const json ca = require_issuer(call, call.text("issuer_id").value_or(""));
  const SigningRequest request = checked_request(call);
  check_subject(request.subject, false);
  for (const AlternativeName& name : request.names) check_name(name);
  if (call.text("type").value_or("ENTITY_CERT") == "INTERMEDIATE_CA") {
    return json_reply(200, issue_intermediate(call, ca, request));
  }
  check_certificate_quota(call);
  const Period period = effective_period(call, period_of(call, call.body["validity"], &ca, 20));
  Issuance issuance;
  issuance.gen_mode = "CSR";
  CertificateSpec& spec = issuance.spec;
  spec.subject = request.subject;
  spec.names = request.names;
  spec.public_key = request.key.get();
  spec.hash = "SHA384";
  spec.not_before = period.start;
  spec.not_after = period.end;
  spec.key_usages = request.key_usages.empty()
                        ? std::vector<std::string>{"digitalSignature", "keyAgreement"}
                        : request.key_usages;
  spec.extended_key_usages = request.extended_key_usages;
  return json_reply(200, issue(call, ca, std::move(issuance)));
}

Reply parse_signing_request_text(Call& call) {
  const SigningRequest request = checked_request(call);
  return json_reply(200, {{"key_algorithm", algorithm_of(request.key.get())},
                          {"key_algorithm_length", EVP_PKEY_get_bits(request.key.get())},
                          {"signature_algorithm", request.signature_algorithm},
                          {"public_key", lay_out_pem(public_key_pem(request.key.get()),
                                                     call.world.options.text("pca_pem"))},
                          {"distinguished_name", whole_subject(request.subject)}});
}

}  // namespace emulator::pca
