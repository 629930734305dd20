// SPDX-License-Identifier: Apache-2.0
// ImportCertificate of SCM (API reference 4.1.5.2).
#include <algorithm>
#include <cctype>

#include "pki/keys.h"
#include "pki/pem.h"
#include "scm/scm_handlers.h"
#include "scm/scm_records.h"
#include "service/refusal.h"
#include "text.h"
#include "world.h"

namespace emulator::scm {
namespace {

void check_sizes(const Call& call) {
  if (!call.world.options.flag("strict_sizes")) return;
  struct Limit {
    const char* field;
    std::size_t size;
  };
  for (const Limit& limit :
       {Limit{"certificate", 4096}, Limit{"certificate_chain", 8192}, Limit{"private_key", 4096}}) {
    if (call.text(limit.field).value_or("").size() > limit.size) {
      throw Refusal("SCM.0065", limit.field);
    }
  }
}

std::vector<std::string> dns_names(const X509* leaf) {
  std::vector<std::string> names;
  const json subject = subject_of(X509_get_subject_name(leaf));
  if (subject.contains("common_name")) names.push_back(subject["common_name"].get<std::string>());
  for (const AlternativeName& name : alternative_names(leaf)) {
    const bool usable = name.type == "DNS" || name.type == "IP";
    if (usable && std::find(names.begin(), names.end(), name.value) == names.end()) {
      names.push_back(name.value);
    }
  }
  return names;
}

// The chain sent apart wins over one that hangs on the leaf.
Certificates chain_of(const std::string& text, Certificates& in_leaf_field) {
  if (!trim(text).empty()) {
    Certificates chain = parse_certificates(text);
    if (chain.empty()) throw Refusal("SCM.0013");
    return chain;
  }
  Certificates chain;
  for (std::size_t i = 1; i < in_leaf_field.size(); ++i) {
    chain.push_back(std::move(in_leaf_field[i]));
  }
  return chain;
}

void check_chain(const X509* leaf, const Certificates& chain) {
  for (const auto& certificate : chain) {
    if (X509_NAME_cmp(X509_get_issuer_name(leaf), X509_get_subject_name(certificate.get())) == 0) {
      return;
    }
  }
  if (!chain.empty()) throw Refusal("SCM.0079");
}

void check_duplicate(const Call& call, const std::string& fingerprint) {
  if (!call.body.contains("duplicate_check")) return;
  const bool asked = call.flag("duplicate_check", false);
  // The SDK says true refuses a second upload, the older reference says false does.
  const bool refuse = call.world.options.text("duplicate_check") == "sdk" ? asked : !asked;
  if (!refuse) return;
  for (const json& record : scm_records(call.world, call.caller.domain_id)) {
    if (record["fingerprint"] == fingerprint) {
      throw Refusal("SCM.0005", "The certificate was uploaded before.");
    }
  }
}

KeyHandle checked_key(const std::string& text, X509* leaf) {
  if (trim(text).empty()) throw Refusal("SCM.0059");
  KeyHandle key = parse_private_key(text);
  if (key == nullptr) throw Refusal("SCM.0012");
  if (X509_check_private_key(leaf, key.get()) != 1) throw Refusal("SCM.0014");
  return key;
}

}  // namespace

bool is_certificate_name(const Call& call, const std::string& name) {
  if (call.world.options.flag("lenient_names")) return name.size() <= 255;
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char character) {
    return std::isalnum(character) != 0 || character == '_' || character == '.' || character == '-';
  });
  return plain && name.size() >= 3 && name.size() <= 63;
}

json import_into_scm(Call& call, const ImportWish& wish) {
  if (!is_certificate_name(call, wish.name)) {
    throw Refusal("SCM.0032", "name takes 3 to 63 letters, digits, '_', '.' and '-'.");
  }
  Certificates given = parse_certificates(wish.certificate);
  if (given.empty()) throw Refusal("SCM.0006");
  X509* const leaf = given.front().get();
  const KeyHandle key = checked_key(wish.private_key, leaf);
  if (end_of(leaf) <= call.world.clock.now_s()) throw Refusal("SCM.0042");
  const Certificates chain = chain_of(wish.chain, given);
  check_chain(leaf, chain);
  const std::vector<std::string> names = dns_names(leaf);
  if (names.empty()) throw Refusal("SCM.0009");
  for (const std::string& name : names) {
    if (name.find_first_of(" /@\\\t") != std::string::npos) throw Refusal("SCM.0070", name);
  }
  check_duplicate(call, sha1_fingerprint(leaf));
  json record = new_scm_record(call.world, call.caller.domain_id);
  enter_certificate(record, leaf);
  enter_names(record, names);
  record["name"] = wish.name;
  record["status"] = "UPLOAD";
  record["certificate_chain"] = certificates_pem(chain);
  record["private_key"] = private_key_pem(key.get());
  record["enterprise_project_id"] = call.text("enterprise_project_id").value_or("0");
  // Pairs for the Chinese algorithms are kept and handed back, not used.
  for (const char* field : {"enc_certificate", "enc_private_key"}) {
    if (const auto text = call.text(field)) record[field] = *text;
  }
  json id = record["id"];
  store_scm_record(call.world, std::move(record));
  return id;
}

Reply import_certificate(Call& call) {
  check_sizes(call);
  const json id = import_into_scm(call, {.name = call.text("name").value_or(""),
                                         .certificate = call.text("certificate").value_or(""),
                                         .chain = call.text("certificate_chain").value_or(""),
                                         .private_key = call.text("private_key").value_or("")});
  return json_reply(200, {{"certificate_id", id}});
}

}  // namespace emulator::scm
