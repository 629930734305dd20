// SPDX-License-Identifier: Apache-2.0
#include "pki/certificate_effects.h"

#include <algorithm>

#include "pki/keys.h"
#include "pki/pem.h"
#include "text.h"
#include "world.h"

namespace emulator {
namespace {

bool has(const json& effect, const char* name) {
  return effect.contains(name) && effect[name] != false && !effect[name].is_null();
}

std::string digest_name(const X509* certificate) {
  int digest = NID_undef;
  OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest, nullptr);
  return OBJ_nid2sn(digest);
}

void set_dates(X509* certificate, std::int64_t start, std::int64_t end) {
  ASN1_TIME_set(X509_getm_notBefore(certificate), start);
  ASN1_TIME_set(X509_getm_notAfter(certificate), end);
}

std::vector<AlternativeName> wrong_names(const json& value) {
  if (value.is_string()) return {{"DNS", value.get<std::string>()}};
  std::vector<AlternativeName> names;
  if (value.is_array()) {
    for (const json& name : value) names.push_back({"DNS", name.get<std::string>()});
  }
  return names.empty() ? std::vector<AlternativeName>{{"DNS", "wrong.invalid"}} : names;
}

void set_names(X509* certificate, const std::vector<AlternativeName>& names) {
  X509_set_subject_name(certificate, make_name({{"common_name", names.front().value}}).get());
  const auto general = make_general_names(names);
  X509_add1_ext_i2d(certificate, NID_subject_alt_name, general.get(), 0, X509V3_ADD_REPLACE);
}

void set_client_auth_only(X509* certificate) {
  const std::unique_ptr<EXTENDED_KEY_USAGE, OpensslFree<EXTENDED_KEY_USAGE_free>> list(
      EXTENDED_KEY_USAGE_new());
  sk_ASN1_OBJECT_push(list.get(), OBJ_nid2obj(NID_client_auth));
  X509_add1_ext_i2d(certificate, NID_ext_key_usage, list.get(), 0, X509V3_ADD_REPLACE);
}

// The signature is the last part of a certificate, so its last byte belongs to it.
CertificateHandle with_bad_signature(X509* certificate) {
  auto blocks = find_pem_blocks(certificate_pem(certificate));
  std::string& der = blocks.front().bytes;
  der.back() = static_cast<char>(der.back() ^ 1);
  return std::move(parse_certificates(write_pem_block("CERTIFICATE", der)).front());
}

// Returns whether the leaf must be signed again.
bool change_dates(const json& effect, std::int64_t now, X509* leaf) {
  if (has(effect, "expired")) {
    set_dates(leaf, now - 30 * kDay, now - kDay);
  } else if (has(effect, "not_yet_valid")) {
    set_dates(leaf, now + kDay, now + 60 * kDay);
  } else if (has(effect, "shorter")) {
    set_dates(leaf, now - kDay, now + 3600);
  } else {
    return false;
  }
  return true;
}

bool change_contents(const json& effect, X509* leaf) {
  bool changed = false;
  if (has(effect, "wrong_names")) {
    set_names(leaf, wrong_names(effect["wrong_names"]));
    changed = true;
  }
  if (has(effect, "client_auth_only")) {
    set_client_auth_only(leaf);
    changed = true;
  }
  return changed;
}

// wrong_key and weak: returns whether the leaf must be signed again; may change the hash.
bool change_key(const json& effect, Material& material, std::string& hash) {
  X509* const leaf = material.certificate.get();
  bool changed = false;
  if (has(effect, "weak")) {
    const bool sha1 = effect["weak"] == "sha1" || material.key == nullptr;
    if (sha1) {
      hash = "SHA1";
    } else {
      material.key = generate_key("RSA1024");
      X509_set_pubkey(leaf, material.key.get());
    }
    changed = true;
  }
  if (has(effect, "wrong_key")) {
    KeyHandle other = generate_key(kind_of(X509_get0_pubkey(leaf)));
    if (material.key != nullptr) {
      material.key = std::move(other);
    } else {
      X509_set_pubkey(leaf, other.get());
      changed = true;
    }
  }
  if (has(effect, "no_key")) material.key.reset();
  return changed;
}

void append_root(const Issuer& issuer, Certificates& chain) {
  X509* const root = issuer.chain.back().get();
  if (!chain.empty() && X509_cmp(chain.back().get(), root) == 0) return;
  X509_up_ref(root);
  chain.emplace_back(root);
}

}  // namespace

void spoil_leaf(World& world, const json& effect, const Issuer& issuer, Material& material) {
  X509* const leaf = material.certificate.get();
  std::string hash = digest_name(leaf);
  const bool dates = change_dates(effect, world.clock.now_s(), leaf);
  const bool contents = change_contents(effect, leaf);
  const bool key = change_key(effect, material, hash);
  if (dates || contents || key) sign_certificate(leaf, issuer.key.get(), hash);
}

void spoil_chain(World& world, const json& effect, const Issuer& issuer, Material& material) {
  if (has(effect, "broken_chain")) {
    const json& kind = effect["broken_chain"];
    if (kind == "missing_intermediate") {
      if (!material.chain.empty()) material.chain.erase(material.chain.begin());
    } else if (kind == "bad_signature") {
      material.certificate = with_bad_signature(material.certificate.get());
    } else {
      material.chain = named_issuer(world, "other").chain;
    }
  }
  const bool reversed = has(effect, "reversed_chain");
  if (has(effect, "root_attached") || reversed) append_root(issuer, material.chain);
  if (reversed) std::reverse(material.chain.begin(), material.chain.end());
}

std::string pem_style(const json& effect, const std::string& standard) {
  for (const char* style : {"glued", "crlf", "flat"}) {
    if (has(effect, style)) return style;
  }
  return standard;
}

}  // namespace emulator
