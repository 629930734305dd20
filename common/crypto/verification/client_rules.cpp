// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/client_rules.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "crypto/certificate/alternative_names.h"
#include "crypto/openssl_handles.h"
#include "crypto/verification/strict_encoding.h"

namespace ccm::crypto {
namespace {

constexpr unsigned kLeastRsaBits = 2048;
constexpr unsigned kMostRsaBits = 8192;
// Go keeps the public exponent in 31 bits.
constexpr int kMostExponentBits = 31;

// Go and Java know no other critical extension both; the rest know these too.
constexpr std::array kKnownCritical{
    NID_key_usage,     NID_basic_constraints,    NID_subject_alt_name,
    NID_ext_key_usage, NID_certificate_policies, NID_name_constraints};
// Go reads these, whoever needs them. Of a key usage and so on OpenSSL sees it by itself.
constexpr std::array kReadByClients{NID_info_access, NID_certificate_policies,
                                    NID_crl_distribution_points, NID_name_constraints};

using NameConstraintsHandle = Handle<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;
using AlgorithmHandle = Handle<X509_ALGOR, X509_ALGOR_free>;
using PssHandle = Handle<RSA_PSS_PARAMS, RSA_PSS_PARAMS_free>;

std::string name_of(const ASN1_OBJECT* object) {
  std::array<char, 80> text{};
  OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 0);
  return text.data();
}

bool is_twice(const X509* certificate, int index, const ASN1_OBJECT* object) {
  return X509_get_ext_by_OBJ(certificate, object, index) >= 0;
}

template <std::size_t Size>
bool is_one_of(const std::array<int, Size>& known, int nid) {
  return std::find(known.begin(), known.end(), nid) != known.end();
}

// Whatever it is: the parsed form is freed by the extension's own method.
bool is_readable(X509_EXTENSION* extension) {
  const X509V3_EXT_METHOD* method = X509V3_EXT_get(extension);
  void* parsed = X509V3_EXT_d2i(extension);
  if (parsed == nullptr || method == nullptr) return false;
  if (method->it != nullptr) {
    ASN1_item_free(static_cast<ASN1_VALUE*>(parsed), ASN1_ITEM_ptr(method->it));
  } else {
    method->ext_free(parsed);
  }
  return true;
}

bool has_known_types(const STACK_OF(GENERAL_SUBTREE) * subtrees) {
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
    const int type = sk_GENERAL_SUBTREE_value(subtrees, i)->base->type;
    if (type != GEN_DNS && type != GEN_IPADD && type != GEN_EMAIL && type != GEN_URI) return false;
  }
  return true;
}

bool has_mask(const ASN1_OCTET_STRING* address) {
  const int size = ASN1_STRING_length(address);
  if (size != 8 && size != 32) return false;
  const unsigned char* mask = ASN1_STRING_get0_data(address) + size / 2;
  bool is_over = false;
  for (int bit = 0; bit < size * 4; ++bit) {
    const bool is_set = (mask[bit / 8] >> (7 - bit % 8) & 1) != 0;
    if (is_set && is_over) return false;
    is_over = !is_set;
  }
  return true;
}

// A leading dot is fine.
bool has_readable_labels(const ASN1_STRING* name) {
  std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name)),
                        static_cast<std::size_t>(ASN1_STRING_length(name)));
  if (text.starts_with('.')) text.remove_prefix(1);
  const bool is_visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
  return is_visible && !text.starts_with('.') && !text.ends_with('.') &&
         text.find("..") == std::string_view::npos;
}

// As Go reads them, whoever they are about.
bool are_readable(const STACK_OF(GENERAL_SUBTREE) * subtrees) {
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
    const GENERAL_NAME* base = sk_GENERAL_SUBTREE_value(subtrees, i)->base;
    if (base->type == GEN_IPADD && !has_mask(base->d.iPAddress)) return false;
    if (base->type == GEN_DNS && !has_readable_labels(base->d.dNSName)) return false;
  }
  return true;
}

std::string constraints_problem(const X509* certificate) {
  int critical = 0;
  const NameConstraintsHandle constraints(static_cast<NAME_CONSTRAINTS*>(
      X509_get_ext_d2i(certificate, NID_name_constraints, &critical, nullptr)));
  if (constraints == nullptr) return {};
  if (sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees) <= 0 &&
      sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees) <= 0) {
    return "its name constraints are empty";
  }
  if (!are_readable(constraints->permittedSubtrees) ||
      !are_readable(constraints->excludedSubtrees)) {
    return "its name constraints have a name or an address that not every client can read";
  }
  const bool are_known = has_known_types(constraints->permittedSubtrees) &&
                         has_known_types(constraints->excludedSubtrees);
  return are_known || critical <= 0
             ? std::string()
             : "its name constraints are critical and of a kind that not every client knows";
}

// Go takes no other: one digest for all, and a salt of its length (RFC 8446 section 4.2.3).
bool has_usual_signature(const X509* certificate) {
  const ASN1_OBJECT* object = nullptr;
  const void* parameters = nullptr;
  int type = V_ASN1_UNDEF;
  X509_ALGOR_get0(&object, &type, &parameters, X509_get0_tbs_sigalg(certificate));
  if (OBJ_obj2nid(object) != NID_rsassaPss) return true;
  int digest = NID_undef;
  X509* shared = const_cast<X509*>(certificate);
  if (type != V_ASN1_SEQUENCE ||
      X509_get_signature_info(shared, &digest, nullptr, nullptr, nullptr) != 1) {
    return false;
  }
  const PssHandle pss(static_cast<RSA_PSS_PARAMS*>(ASN1_item_unpack(
      static_cast<const ASN1_STRING*>(parameters), ASN1_ITEM_rptr(RSA_PSS_PARAMS))));
  if (pss == nullptr || pss->saltLength == nullptr || pss->maskGenAlgorithm == nullptr)
    return false;
  const AlgorithmHandle mask(static_cast<X509_ALGOR*>(
      ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR), pss->maskGenAlgorithm->parameter)));
  const EVP_MD* method = EVP_get_digestbynid(digest);
  return mask != nullptr && method != nullptr && OBJ_obj2nid(mask->algorithm) == digest &&
         ASN1_INTEGER_get(pss->saltLength) == EVP_MD_get_size(method);
}

bool has_readable_text(const X509_NAME* name) {
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    if (!is_readable_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)))) return false;
  }
  return true;
}

std::string extension_problem(const X509* certificate) {
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    X509_EXTENSION* extension = X509_get_ext(certificate, i);
    const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
    if (is_twice(certificate, i, object)) {
      return fmt::format("its extension \"{}\" is there twice", name_of(object));
    }
    const int nid = OBJ_obj2nid(object);
    if (is_one_of(kReadByClients, nid) && !is_readable(extension)) {
      return fmt::format("its extension \"{}\" is not readable", name_of(object));
    }
    if (X509_EXTENSION_get_critical(extension) != 0 && !is_one_of(kKnownCritical, nid)) {
      return fmt::format("its critical extension \"{}\" is not known to every client",
                         name_of(object));
    }
  }
  return {};
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
  // RFC 5280 section 4.2.1.6; Java insists on it.
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
  if (problem.empty()) problem = extension_problem(x509);
  if (problem.empty()) problem = alternative_names_problem(x509);
  if (problem.empty()) problem = constraints_problem(x509);
  if (problem.empty() && !has_usual_signature(x509)) {
    problem = "its RSA-PSS signature has parameters that not every client knows";
  }
  const bool are_valid = (X509_get_extension_flags(certificate.native()) & EXFLAG_INVALID) == 0;
  if (problem.empty() && !are_valid) problem = "one of its extensions is not readable";
  if (problem.empty() && !is_strict_der(certificate.to_der())) problem = "it is not strict DER";
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

}  // namespace ccm::crypto
