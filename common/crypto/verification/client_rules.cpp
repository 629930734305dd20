// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/client_rules.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "crypto/certificate/alternative_names.h"
#include "crypto/openssl_handles.h"
#include "crypto/verification/constraint_rules.h"
#include "crypto/verification/extension_rules.h"
#include "crypto/verification/strict_encoding.h"

namespace ccm::crypto {
namespace {

constexpr unsigned kLeastRsaBits = 2048;
constexpr unsigned kMostRsaBits = 8192;
// Go keeps the public exponent in 31 bits.
constexpr int kMostExponentBits = 31;

using AlgorithmHandle = Handle<X509_ALGOR, X509_ALGOR_free>;
using PssHandle = Handle<RSA_PSS_PARAMS, RSA_PSS_PARAMS_free>;

// Go accepts no other RSA-PSS: one digest for all, and a salt of its length (RFC 8446 section
// 4.2.3).
bool is_usual_pss(const X509* certificate, const void* parameters) {
  int digest = NID_undef;
  X509* shared = const_cast<X509*>(certificate);
  if (X509_get_signature_info(shared, &digest, nullptr, nullptr, nullptr) != 1) return false;
  const PssHandle pss(static_cast<RSA_PSS_PARAMS*>(ASN1_item_unpack(
      static_cast<const ASN1_STRING*>(parameters), ASN1_ITEM_rptr(RSA_PSS_PARAMS))));
  // The only trailer must not be written.
  if (pss == nullptr || pss->saltLength == nullptr || pss->maskGenAlgorithm == nullptr ||
      pss->trailerField != nullptr) {
    return false;
  }
  const AlgorithmHandle mask(static_cast<X509_ALGOR*>(
      ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR), pss->maskGenAlgorithm->parameter)));
  const EVP_MD* method = EVP_get_digestbynid(digest);
  return mask != nullptr && method != nullptr && OBJ_obj2nid(mask->algorithm) == digest &&
         ASN1_INTEGER_get(pss->saltLength) == EVP_MD_get_size(method);
}

// ECDSA has no parameters; those of plain RSA are NULL and may be missing.
bool has_usual_signature(const X509* certificate) {
  const ASN1_OBJECT* object = nullptr;
  const void* parameters = nullptr;
  int type = V_ASN1_UNDEF;
  X509_ALGOR_get0(&object, &type, &parameters, X509_get0_tbs_sigalg(certificate));
  int key = NID_undef;
  OBJ_find_sigid_algs(OBJ_obj2nid(object), nullptr, &key);
  if (OBJ_obj2nid(object) == NID_rsassaPss) {
    return type == V_ASN1_SEQUENCE && is_usual_pss(certificate, parameters);
  }
  return type == V_ASN1_UNDEF || (type == V_ASN1_NULL && key == NID_rsaEncryption);
}

bool has_readable_text(const X509_NAME* name) {
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    if (!is_readable_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)))) return false;
  }
  return true;
}

std::string names_problem(const X509* certificate) {
  if (X509_NAME_entry_count(X509_get_issuer_name(certificate)) == 0) {
    return "the name of its issuer is empty";
  }
  if (!has_readable_text(X509_get_issuer_name(certificate)) ||
      !has_readable_text(X509_get_subject_name(certificate))) {
    return "its subject or issuer has text that not every client can read";
  }
  if (X509_NAME_entry_count(X509_get_subject_name(certificate)) != 0) return {};
  const int index = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  const bool is_critical =
      index >= 0 && X509_EXTENSION_get_critical(X509_get_ext(certificate, index)) != 0;
  // RFC 5280 section 4.2.1.6; Java requires it.
  return is_critical ? std::string()
                     : "its subject is empty, and its subjectAltName is not marked critical";
}

bool has_one_signature_algorithm(const X509* certificate) {
  const X509_ALGOR* outside = nullptr;
  X509_get0_signature(nullptr, &outside, certificate);
  return X509_ALGOR_cmp(outside, X509_get0_tbs_sigalg(certificate)) == 0;
}

bool has_explicit_curve(const X509* certificate) {
  X509_ALGOR* algorithm = nullptr;
  if (X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithm,
                             X509_get_X509_PUBKEY(certificate)) != 1) {
    return false;
  }
  const ASN1_OBJECT* object = nullptr;
  int type = V_ASN1_UNDEF;
  X509_ALGOR_get0(&object, &type, nullptr, algorithm);
  return OBJ_obj2nid(object) == NID_X9_62_id_ecPublicKey && type != V_ASN1_OBJECT;
}

bool has_usual_exponent(const Certificate& certificate) {
  BIGNUM* raw = nullptr;
  const EVP_PKEY* key = X509_get0_pubkey(certificate.native());
  if (key == nullptr || EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &raw) != 1) return false;
  const BignumHandle exponent(raw);
  return BN_is_odd(exponent.get()) == 1 && BN_is_one(exponent.get()) == 0 &&
         BN_num_bits(exponent.get()) <= kMostExponentBits;
}

// RSA under its usual name with NULL parameters, in strict DER; or a point of a curve with both
// coordinates.
bool is_plain_key(const X509* certificate) {
  ASN1_OBJECT* object = nullptr;
  const unsigned char* data = nullptr;
  int size = 0;
  X509_ALGOR* algorithm = nullptr;
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr || X509_PUBKEY_get0_param(&object, &data, &size, &algorithm,
                                               X509_get_X509_PUBKEY(certificate)) != 1) {
    return false;
  }
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
    return size > 0 && data[0] == POINT_CONVERSION_UNCOMPRESSED;
  }
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return true;
  int type = V_ASN1_UNDEF;
  X509_ALGOR_get0(nullptr, &type, nullptr, algorithm);
  // Not compared with OpenSSL's own encoding, because that costs as much as checking a signature.
  const auto numbers = std::as_bytes(std::span(data, static_cast<std::size_t>(size)));
  const bool is_strict =
      is_strict_der(numbers) && is_single_element(numbers) && are_positive_numbers(numbers);
  return is_strict && type == V_ASN1_NULL && OBJ_obj2nid(object) == NID_rsaEncryption;
}

std::string key_problem(const Certificate& certificate, unsigned most_curve_bits) {
  const KeyType key = certificate.key_type();
  if (has_explicit_curve(certificate.native())) {
    return "is on a curve that is given by its parameters; clients know named curves only";
  }
  if (key.algorithm == KeyAlgorithm::rsa && !has_usual_exponent(certificate)) {
    return "has an RSA exponent that clients refuse; 65537 is usual";
  }
  const bool is_fit = (key.algorithm == KeyAlgorithm::rsa && key.bits >= kLeastRsaBits &&
                       key.bits <= kMostRsaBits) ||
                      (key.algorithm == KeyAlgorithm::ecdsa && key.bits <= most_curve_bits);
  if (is_fit && !is_plain_key(certificate.native())) {
    return "is written in a form that not every client can read";
  }
  if (is_fit) return {};
  return fmt::format("is {}; it must be RSA of {} to {} bits or ECDSA on {}", to_string(key),
                     kLeastRsaBits, kMostRsaBits,
                     most_curve_bits == 384 ? "P-256 or P-384" : "P-256, P-384 or P-521");
}

}  // namespace

std::string form_problem(const Certificate& certificate) {
  const X509* x509 = certificate.native();
  if (X509_get_version(x509) != X509_VERSION_3) {
    return fmt::format("its X.509 version is {} and not 3", X509_get_version(x509) + 1);
  }
  if (ASN1_STRING_type(X509_get0_serialNumber(x509)) == V_ASN1_NEG_INTEGER) {
    return "its serial number is negative";
  }
  if (!has_one_signature_algorithm(x509)) {
    return "it names one signature algorithm inside and another outside";
  }
  std::string problem = names_problem(x509);
  if (problem.empty()) problem = extension_problem(certificate);
  if (problem.empty()) problem = alternative_names_problem(x509);
  if (problem.empty()) problem = constraints_problem(x509);
  if (problem.empty() && !has_usual_signature(x509)) {
    problem = "its signature algorithm has parameters that not every client knows";
  }
  const bool are_valid = (X509_get_extension_flags(certificate.native()) & EXFLAG_INVALID) == 0;
  if (problem.empty() && !are_valid) problem = "one of its extensions is not readable";
  const std::vector<std::byte> bytes = certificate.to_der();
  if (problem.empty() && !(is_strict_der(bytes) && has_no_spelt_out_false(bytes))) {
    problem = "it is not strict DER";
  }
  if (problem.empty() && certificate.is_ca() && !certificate.allows_server_auth()) {
    problem = "its extended key usage does not allow serverAuth";
  }
  drain_openssl_errors();
  return problem;
}

std::string leaf_key_problem(const Certificate& certificate) {
  std::string problem = key_problem(certificate, 384);
  drain_openssl_errors();
  return problem;
}

std::string issuer_key_problem(const Certificate& certificate) {
  std::string problem = key_problem(certificate, 521);
  drain_openssl_errors();
  return problem;
}

std::string root_problem(const Certificate& root) {
  // A certificate of version 1 cannot say it.
  const bool is_authority = root.is_ca() || X509_get_version(root.native()) == X509_VERSION_1;
  if (!is_authority) return "it does not say that it is an authority (CA:TRUE)";
  const std::string problem = issuer_key_problem(root);
  return problem.empty() ? problem : "its key " + problem;
}

}  // namespace ccm::crypto
