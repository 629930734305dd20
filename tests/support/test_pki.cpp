// SPDX-License-Identifier: Apache-2.0
#include "support/test_pki.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <utility>

#include "crypto/certificate/asn1_time.h"
#include "crypto/openssl.h"

namespace ccm::test {
namespace {

using crypto::EvpKeyHandle;
using crypto::X509Handle;
using ExtensionHandle = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using GeneralNamesHandle = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;
using ObjectStackHandle = Handle<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;

constexpr Seconds kAuthorityLifetime = 3650 * kTestDay;

void check(bool is_done, const char* activity) {
  if (!is_done) {
    throw std::runtime_error(crypto::openssl_error(ErrorKind::internal, activity).message());
  }
}

int size_of(const std::string& text) {
  return static_cast<int>(text.size());
}

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

EvpKeyHandle generate(const std::string& kind) {
  if (kind.starts_with("RSA-"))
    return EvpKeyHandle(EVP_RSA_gen(static_cast<unsigned>(std::stoul(kind.substr(4)))));
  if (kind == "ED25519" || kind == "SM2") {
    return EvpKeyHandle(EVP_PKEY_Q_keygen(nullptr, nullptr, kind.c_str()));
  }
  return EvpKeyHandle(EVP_EC_gen(kind.c_str()));
}

void set_serial(X509* certificate) {
  std::array<unsigned char, 8> random{};
  check(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1, "serial number");
  random[0] = static_cast<unsigned char>((random[0] & 0x3f) | 0x40);
  std::uint64_t number = 0;
  for (const unsigned char byte : random) number = number << 8 | byte;
  check(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number) == 1, "serial number");
}

void set_subject(X509* certificate, const std::string& common_name, bool is_printable_string) {
  if (common_name.empty()) return;
  const int form = is_printable_string ? V_ASN1_PRINTABLESTRING : MBSTRING_UTF8;
  check(X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, form,
                                   bytes_of(common_name), size_of(common_name), -1, 0) == 1,
        "common name");
}

void add_names(X509* certificate, const std::vector<std::string>& names) {
  if (names.empty()) return;
  const GeneralNamesHandle entries(GENERAL_NAMES_new());
  for (const std::string& name : names) {
    const bool is_address = name.starts_with("IP:");
    ASN1_STRING* value =
        is_address ? a2i_IPADDRESS(name.c_str() + 3) : ASN1_STRING_type_new(V_ASN1_IA5STRING);
    check(value != nullptr, "subjectAltName");
    // Byte by byte: tests want names that no builder would accept, such as one with a NUL inside.
    if (!is_address)
      check(ASN1_STRING_set(value, name.data(), size_of(name)) == 1, "subjectAltName");
    GENERAL_NAME* entry = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(entry, is_address ? GEN_IPADD : GEN_DNS, value);
    check(sk_GENERAL_NAME_push(entries.get(), entry) > 0, "subjectAltName");
  }
  check(X509_add1_ext_i2d(certificate, NID_subject_alt_name, entries.get(), 0, 0) == 1,
        "subjectAltName");
}

void add_extended_key_usage(X509* certificate, const std::vector<std::string>& purposes) {
  if (purposes.empty()) return;
  const ObjectStackHandle usage(EXTENDED_KEY_USAGE_new());
  for (const std::string& purpose : purposes) {
    ASN1_OBJECT* object = OBJ_txt2obj(purpose.c_str(), 0);
    check(object != nullptr && sk_ASN1_OBJECT_push(usage.get(), object) > 0, "extendedKeyUsage");
  }
  check(X509_add1_ext_i2d(certificate, NID_ext_key_usage, usage.get(), 0, 0) == 1,
        "extendedKeyUsage");
}

void add_from_text(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  check(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

void add_named(X509* certificate, X509* issuer, const std::string& name, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_nconf(nullptr, &context, name.c_str(), value.c_str()));
  check(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

void add_extensions(X509* certificate, X509* issuer, const TestCertificateOptions& options) {
  add_from_text(certificate, issuer, NID_basic_constraints,
                !options.basic_constraints.empty() ? options.basic_constraints
                : options.is_ca                    ? "critical,CA:TRUE"
                                                   : "CA:FALSE");
  add_from_text(certificate, issuer, NID_key_usage,
                !options.key_usage.empty() ? options.key_usage
                : options.is_ca            ? "critical,keyCertSign,cRLSign"
                                           : "critical,digitalSignature");
  add_from_text(certificate, issuer, NID_subject_key_identifier, "hash");
  add_from_text(certificate, issuer, NID_authority_key_identifier, "keyid");
  add_names(certificate, options.names);
  if (!options.is_ca) add_extended_key_usage(certificate, options.extended_key_usage);
  if (!options.ocsp_url.empty()) {
    add_from_text(certificate, issuer, NID_info_access, "OCSP;URI:" + options.ocsp_url);
  }
  for (const std::string& text : options.extensions) {
    const std::size_t equals = text.find('=');
    add_named(certificate, issuer, text.substr(0, equals), text.substr(equals + 1));
  }
  if (options.must_staple) add_from_text(certificate, issuer, NID_tlsfeature, "status_request");
}

void set_validity(X509* certificate, Time from, Time to) {
  check(ASN1_TIME_set(X509_getm_notBefore(certificate), crypto::to_time_t(from)) != nullptr,
        "notBefore");
  check(ASN1_TIME_set(X509_getm_notAfter(certificate), crypto::to_time_t(to)) != nullptr,
        "notAfter");
}

TestCertificateOptions authority_options(std::string common_name) {
  return {.common_name = std::move(common_name),
          .not_before = kTestNow - kAuthorityLifetime,
          .not_after = kTestNow + kAuthorityLifetime,
          .is_ca = true};
}

TestCertificateOptions with_common_name(TestCertificateOptions options) {
  if (options.common_name.empty() && !options.names.empty())
    options.common_name = options.names.front();
  return options;
}

}  // namespace

crypto::KeyPair make_test_key(const std::string& kind) {
  const EvpKeyHandle key = generate(kind);
  check(key != nullptr, "key");
  unsigned char* der = nullptr;
  const int size = i2d_PrivateKey(key.get(), &der);
  check(size > 0, "key");
  Result<crypto::KeyPair> parsed =
      crypto::KeyPair::parse_der(std::as_bytes(std::span(der, static_cast<std::size_t>(size))));
  OPENSSL_free(der);
  if (!parsed) throw std::runtime_error(parsed.error().message());
  return std::move(*parsed);
}

std::string TestCertificate::key_pem() const {
  return std::string(key.to_pem().value().reveal());
}

TestCertificate make_test_certificate(const TestAuthority* issuer, TestCertificateOptions options) {
  const crypto::KeyPair key = options.key ? *options.key : make_test_key(options.key_kind);
  const X509Handle certificate(X509_new());
  X509* issuer_certificate = issuer != nullptr ? issuer->certificate.native() : certificate.get();
  EVP_PKEY* signer = issuer != nullptr ? issuer->key.native() : key.native();
  check(X509_set_version(certificate.get(), X509_VERSION_3) == 1, "version");
  set_serial(certificate.get());
  set_subject(certificate.get(), options.common_name, options.is_printable_string);
  check(X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer_certificate)) == 1,
        "issuer");
  set_validity(certificate.get(), options.not_before, options.not_after);
  check(X509_set_pubkey(certificate.get(), key.native()) == 1, "public key");
  add_extensions(certificate.get(), issuer_certificate, options);
  const EVP_MD* digest =
      options.digest.empty() ? nullptr : EVP_get_digestbyname(options.digest.c_str());
  check(X509_sign(certificate.get(), signer, digest) > 0, "sign");
  // Parsed afresh, so that nothing OpenSSL cached while building shows through.
  const crypto::Certificate built = crypto::Certificate::share_of(certificate.get());
  Result<crypto::Certificate> parsed = crypto::Certificate::parse_der(built.to_der());
  if (!parsed) throw std::runtime_error(parsed.error().message());
  return {std::move(*parsed), key};
}

TestAuthority make_test_root(std::string common_name) {
  return make_test_certificate(nullptr, authority_options(std::move(common_name)));
}

TestAuthority make_test_intermediate(const TestAuthority& root, std::string common_name) {
  return make_test_certificate(&root, authority_options(std::move(common_name)));
}

TestCertificate make_test_leaf(const TestAuthority& issuer, TestCertificateOptions options) {
  return make_test_certificate(&issuer, with_common_name(std::move(options)));
}

TestCertificate make_test_self_signed(TestCertificateOptions options) {
  return make_test_certificate(nullptr, with_common_name(std::move(options)));
}

}  // namespace ccm::test
