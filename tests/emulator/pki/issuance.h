// SPDX-License-Identifier: Apache-2.0
// Making and reading X.509 certificates. Everything the emulator signs is made here. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "json.h"
#include "pki/openssl_handles.h"

namespace emulator {

// RFC 5280 section 4.2.1.3, in the order of the bits.
inline constexpr const char* kKeyUsageNames[] = {
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly"};

// `type` is DNS, IP, EMAIL or URI as in the PCA reference.
struct AlternativeName {
  std::string type;
  std::string value;
};

struct CertificateSpec {
  json subject;  // DistinguishedName of the PCA reference; empty parts are left out
  std::vector<AlternativeName> names;
  EVP_PKEY* public_key = nullptr;
  std::string serial;                            // decimal
  std::int64_t not_before = 0;                   // seconds since 1970
  std::int64_t not_after = 0;                    // seconds since 1970
  std::string hash = "SHA256";                   // SHA256, SHA384, SHA512, SHA1
  std::vector<std::string> key_usages;           // names of the PCA reference
  std::vector<std::string> extended_key_usages;  // OpenSSL short names or OIDs
  std::optional<int> path_length;                // set: a CA; negative: without limit
  json custom_extension;                         // {object_identifier, value} or null
  std::string ocsp_url;                          // empty: no such extension
  std::string crl_url;                           // empty: no such extension
  bool must_staple = false;                      // TLS feature status_request (RFC 7633)
};

// Who signs; without a certificate the new one is self-signed.
struct Signer {
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
};

// Throws std::runtime_error when OpenSSL refuses a part.
CertificateHandle issue_certificate(const CertificateSpec& spec, const Signer& signer);
void sign_certificate(X509* certificate, EVP_PKEY* key, const std::string& hash);
NameHandle make_name(const json& subject);
GeneralNamesHandle make_general_names(const std::vector<AlternativeName>& names);

// Facts of a certificate.
std::string certificate_pem(X509* certificate);
std::string certificates_pem(const Certificates& certificates);
Certificates parse_certificates(const std::string& pem);
json subject_of(const X509_NAME* name);
std::vector<AlternativeName> names_of(const GENERAL_NAMES* names);
std::vector<AlternativeName> alternative_names(const X509* certificate);
std::int64_t start_of(const X509* certificate);  // seconds since 1970
std::int64_t end_of(const X509* certificate);    // seconds since 1970
std::string sha1_fingerprint(const X509* certificate);
std::string serial_hex(const X509* certificate);
std::string signature_text(const X509* certificate);  // SHA256WITHRSA

}  // namespace emulator
