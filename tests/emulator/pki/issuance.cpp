// SPDX-License-Identifier: Apache-2.0
#include "pki/issuance.h"

#include <arpa/inet.h>
#include <openssl/err.h>

#include <stdexcept>

#include "pki/pem.h"
#include "text.h"

namespace emulator {
namespace {

struct NamePart {
  const char* field;
  int nid;
};
constexpr NamePart kNameParts[] = {{"country", NID_countryName},
                                   {"state", NID_stateOrProvinceName},
                                   {"locality", NID_localityName},
                                   {"organization", NID_organizationName},
                                   {"organizational_unit", NID_organizationalUnitName},
                                   {"common_name", NID_commonName}};

void must(bool done, const char* activity) {
  if (done) return;
  char reason[160] = "";
  ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
  throw std::runtime_error(std::string(activity) + ": " + reason);
}

void add_extension(X509* certificate, int nid, void* value, int critical) {
  must(X509_add1_ext_i2d(certificate, nid, value, critical, X509V3_ADD_REPLACE) == 1,
       "adding an extension");
}

void add_key_usage(X509* certificate, const std::vector<std::string>& usages) {
  if (usages.empty()) return;
  const std::unique_ptr<ASN1_BIT_STRING, OpensslFree<ASN1_BIT_STRING_free>> bits(
      ASN1_BIT_STRING_new());
  for (int i = 0; i < 9; ++i) {
    for (const std::string& usage : usages) {
      if (usage == kKeyUsageNames[i]) ASN1_BIT_STRING_set_bit(bits.get(), i, 1);
    }
  }
  add_extension(certificate, NID_key_usage, bits.get(), 1);
}

void add_extended_key_usage(X509* certificate, const std::vector<std::string>& usages) {
  if (usages.empty()) return;
  const std::unique_ptr<EXTENDED_KEY_USAGE, OpensslFree<EXTENDED_KEY_USAGE_free>> list(
      EXTENDED_KEY_USAGE_new());
  for (const std::string& usage : usages) {
    ASN1_OBJECT* object = OBJ_txt2obj(usage.c_str(), 0);
    must(object != nullptr, "reading an extended key usage");
    sk_ASN1_OBJECT_push(list.get(), object);
  }
  add_extension(certificate, NID_ext_key_usage, list.get(), 0);
}

void add_basic_constraints(X509* certificate, const std::optional<int>& path_length) {
  const std::unique_ptr<BASIC_CONSTRAINTS, OpensslFree<BASIC_CONSTRAINTS_free>> value(
      BASIC_CONSTRAINTS_new());
  value->ca = path_length ? 0xFF : 0;
  if (path_length && *path_length >= 0) {
    value->pathlen = ASN1_INTEGER_new();
    ASN1_INTEGER_set(value->pathlen, *path_length);
  }
  add_extension(certificate, NID_basic_constraints, value.get(), 1);
}

// The extensions whose text form OpenSSL composes itself; `value` is always a constant or our own
// URL.
void add_from_text(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  must(extension != nullptr, "composing an extension");
  X509_add_ext(certificate, extension.get(), -1);
}

void add_custom_extension(X509* certificate, const json& custom) {
  if (!custom.is_object()) return;
  const std::string value = custom.value("value", "");
  const std::unique_ptr<ASN1_OBJECT, OpensslFree<ASN1_OBJECT_free>> object(
      OBJ_txt2obj(custom.value("object_identifier", "").c_str(), 1));
  must(object != nullptr, "reading the custom extension's OID");
  const std::unique_ptr<ASN1_OCTET_STRING, OpensslFree<ASN1_OCTET_STRING_free>> octets(
      ASN1_OCTET_STRING_new());
  const std::string der = std::string{'\x0c', static_cast<char>(value.size())} + value;
  ASN1_OCTET_STRING_set(octets.get(), reinterpret_cast<const unsigned char*>(der.data()),
                        static_cast<int>(der.size()));
  const std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>> extension(
      X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 0, octets.get()));
  X509_add_ext(certificate, extension.get(), -1);
}

void add_extensions(X509* certificate, const CertificateSpec& spec, X509* issuer) {
  add_basic_constraints(certificate, spec.path_length);
  add_key_usage(certificate, spec.key_usages);
  add_extended_key_usage(certificate, spec.extended_key_usages);
  add_from_text(certificate, issuer, NID_subject_key_identifier, "hash");
  // An imported CA may come without the identifier that this one repeats.
  if (X509_get_ext_by_NID(issuer, NID_subject_key_identifier, -1) >= 0) {
    add_from_text(certificate, issuer, NID_authority_key_identifier, "keyid");
  }
  if (!spec.names.empty()) {
    const auto names = make_general_names(spec.names);
    add_extension(certificate, NID_subject_alt_name, names.get(), 0);
  }
  if (!spec.ocsp_url.empty()) {
    add_from_text(certificate, issuer, NID_info_access, "OCSP;URI:" + spec.ocsp_url);
  }
  if (!spec.crl_url.empty()) {
    add_from_text(certificate, issuer, NID_crl_distribution_points, "URI:" + spec.crl_url);
  }
  if (spec.must_staple) add_from_text(certificate, issuer, NID_tlsfeature, "status_request");
  add_custom_extension(certificate, spec.custom_extension);
}

std::string ip_bytes(const std::string& text) {
  char bytes[16];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return {bytes, 4};
  if (inet_pton(AF_INET6, text.c_str(), bytes) == 1) return {bytes, 16};
  throw std::runtime_error("not an IP address: " + text);
}

std::string ip_text(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  inet_ntop(family, ASN1_STRING_get0_data(bytes), text, sizeof text);
  return text;
}

std::int64_t seconds(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return timegm(&parts);
}

std::string string_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

}  // namespace

NameHandle make_name(const json& subject) {
  NameHandle name(X509_NAME_new());
  for (const NamePart& part : kNameParts) {
    if (!subject.contains(part.field) || !subject[part.field].is_string()) continue;
    const auto text = subject[part.field].get<std::string>();
    if (text.empty()) continue;
    // A plain UTF8String, because SCM takes 255 characters where X.520 has 64; a country is two
    // letters, which have a string type of their own.
    const int type = part.nid == NID_countryName ? MBSTRING_UTF8 : V_ASN1_UTF8STRING;
    must(X509_NAME_add_entry_by_NID(name.get(), part.nid, type,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1,
         "writing the subject");
  }
  return name;
}

GeneralNamesHandle make_general_names(const std::vector<AlternativeName>& names) {
  GeneralNamesHandle list(GENERAL_NAMES_new());
  for (const AlternativeName& name : names) {
    const bool ip = name.type == "IP";
    const std::string bytes = ip ? ip_bytes(name.value) : name.value;
    ASN1_STRING* text = ASN1_STRING_type_new(ip ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size()));
    GENERAL_NAME* entry = GENERAL_NAME_new();
    const int type = ip                     ? GEN_IPADD
                     : name.type == "EMAIL" ? GEN_EMAIL
                     : name.type == "URI"   ? GEN_URI
                                            : GEN_DNS;
    GENERAL_NAME_set0_value(entry, type, text);
    sk_GENERAL_NAME_push(list.get(), entry);
  }
  return list;
}

CertificateHandle issue_certificate(const CertificateSpec& spec, const Signer& signer) {
  CertificateHandle certificate(X509_new());
  X509* const raw = certificate.get();
  X509* const issuer = signer.certificate != nullptr ? signer.certificate : raw;
  X509_set_version(raw, X509_VERSION_3);
  BIGNUM* number = nullptr;
  must(BN_dec2bn(&number, spec.serial.c_str()) != 0, "reading the serial number");
  const NumberHandle serial(number);
  BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(raw));
  ASN1_TIME_set(X509_getm_notBefore(raw), spec.not_before);
  ASN1_TIME_set(X509_getm_notAfter(raw), spec.not_after);
  must(X509_set_subject_name(raw, make_name(spec.subject).get()) == 1, "setting the subject");
  must(X509_set_issuer_name(raw, X509_get_subject_name(issuer)) == 1, "setting the issuer");
  must(X509_set_pubkey(raw, spec.public_key) == 1, "setting the public key");
  add_extensions(raw, spec, issuer);
  sign_certificate(raw, signer.key, spec.hash);
  return certificate;
}

void sign_certificate(X509* certificate, EVP_PKEY* key, const std::string& hash) {
  must(X509_sign(certificate, key, EVP_get_digestbyname(hash.c_str())) > 0, "signing");
}

std::string certificate_pem(X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  must(length > 0, "encoding a certificate");
  const std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return write_pem_block("CERTIFICATE", bytes);
}

std::string certificates_pem(const Certificates& certificates) {
  std::string result;
  for (const auto& certificate : certificates) result += certificate_pem(certificate.get());
  return result;
}

Certificates parse_certificates(const std::string& pem) {
  Certificates result;
  for (const PemBlock& block : find_pem_blocks(pem)) {
    if (!block.label.ends_with("CERTIFICATE")) continue;
    const auto* at = reinterpret_cast<const unsigned char*>(block.bytes.data());
    CertificateHandle parsed(d2i_X509(nullptr, &at, static_cast<long>(block.bytes.size())));
    if (parsed == nullptr) return {};
    result.push_back(std::move(parsed));
  }
  return result;
}

json subject_of(const X509_NAME* name) {
  json subject = json::object();
  for (const NamePart& part : kNameParts) {
    const int at = X509_NAME_get_index_by_NID(name, part.nid, -1);
    if (at < 0) continue;
    unsigned char* text = nullptr;
    const int length =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (length < 0) continue;
    subject[part.field] =
        std::string(reinterpret_cast<char*>(text), static_cast<std::size_t>(length));
    OPENSSL_free(text);
  }
  return subject;
}

std::vector<AlternativeName> names_of(const GENERAL_NAMES* names) {
  std::vector<AlternativeName> result;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) result.push_back({"DNS", string_of(name->d.dNSName)});
    if (name->type == GEN_EMAIL) result.push_back({"EMAIL", string_of(name->d.rfc822Name)});
    if (name->type == GEN_URI) {
      result.push_back({"URI", string_of(name->d.uniformResourceIdentifier)});
    }
    if (name->type == GEN_IPADD) result.push_back({"IP", ip_text(name->d.iPAddress)});
  }
  return result;
}

std::vector<AlternativeName> alternative_names(const X509* certificate) {
  const GeneralNamesHandle names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  return names == nullptr ? std::vector<AlternativeName>{} : names_of(names.get());
}

std::int64_t start_of(const X509* certificate) {
  return seconds(X509_get0_notBefore(certificate));
}
std::int64_t end_of(const X509* certificate) {
  return seconds(X509_get0_notAfter(certificate));
}

std::string sha1_fingerprint(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  X509_digest(certificate, EVP_sha1(), digest, &length);
  return hex({reinterpret_cast<char*>(digest), length});
}

std::string serial_hex(const X509* certificate) {
  const NumberHandle number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* text = BN_bn2hex(number.get());
  std::string result = text;
  OPENSSL_free(text);
  return result;
}

std::string signature_text(const X509* certificate) {
  int digest = NID_undef;
  int key = NID_undef;
  OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest, &key);
  return upper(OBJ_nid2sn(digest)) + "WITH" + (key == NID_X9_62_id_ecPublicKey ? "ECDSA" : "RSA");
}

}  // namespace emulator
