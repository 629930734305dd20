// SPDX-License-Identifier: Apache-2.0
#include "crypto/verification/extension_rules.h"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <span>

#include "crypto/verification/strict_encoding.h"

namespace ccm::crypto {
namespace {

// The critical extensions that Go and Java both know. The other clients know them, too.
constexpr std::array kKnownCritical{
    NID_key_usage,     NID_basic_constraints,    NID_subject_alt_name,
    NID_ext_key_usage, NID_certificate_policies, NID_name_constraints};
// Extensions that Go or Chromium reads in any certificate.
constexpr std::array kReadByClients{NID_key_usage,
                                    NID_basic_constraints,
                                    NID_subject_alt_name,
                                    NID_ext_key_usage,
                                    NID_certificate_policies,
                                    NID_name_constraints,
                                    NID_info_access,
                                    NID_authority_key_identifier,
                                    NID_subject_key_identifier,
                                    NID_policy_mappings,
                                    NID_policy_constraints,
                                    NID_inhibit_any_policy,
                                    NID_crl_distribution_points};
// Chromium stores these numbers in a byte.
constexpr long kMostOfANumber = 255;

using InformationHandle = Handle<AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free>;
using KeyIdHandle = Handle<AUTHORITY_KEYID, AUTHORITY_KEYID_free>;
using ListsHandle = Handle<CRL_DIST_POINTS, CRL_DIST_POINTS_free>;
using BasicHandle = Handle<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>;
using PoliciesHandle = Handle<CERTIFICATEPOLICIES, CERTIFICATEPOLICIES_free>;
using LimitsHandle = Handle<POLICY_CONSTRAINTS, POLICY_CONSTRAINTS_free>;
using NumberHandle = Handle<ASN1_INTEGER, ASN1_INTEGER_free>;

// OpenSSL has no function that frees a list of mappings.
void free_mappings(POLICY_MAPPINGS* mappings) noexcept {
  sk_POLICY_MAPPING_pop_free(mappings, POLICY_MAPPING_free);
}
using MappingsHandle = Handle<POLICY_MAPPINGS, free_mappings>;

template <typename T>
T read_extension(const X509* certificate, int nid) {
  return T(static_cast<typename T::pointer>(X509_get_ext_d2i(certificate, nid, nullptr, nullptr)));
}

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

// The extension's own method frees the parsed form, whatever it is.
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

// Bytes after these two extensions bother no client.
bool may_have_a_rest(int nid) {
  return nid == NID_crl_distribution_points || nid == NID_info_access;
}

bool is_strict_extension(X509_EXTENSION* extension, int nid) {
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(extension);
  const auto bytes = std::as_bytes(
      std::span(ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))));
  return is_strict_der(bytes) && (may_have_a_rest(nid) || is_single_element(bytes));
}

bool is_small_number(const ASN1_INTEGER* number) {
  const long value = ASN1_INTEGER_get(number);  // -1 also for what is too large
  return value >= 0 && value <= kMostOfANumber;
}

bool is_ascii(const ASN1_STRING* text) {
  const unsigned char* data = ASN1_STRING_get0_data(text);
  return std::all_of(data, data + ASN1_STRING_length(text), [](auto c) { return c < 0x80; });
}

bool is_any_policy(const ASN1_OBJECT* policy) {
  return OBJ_obj2nid(policy) == NID_any_policy;
}

// -- what each of them holds; true as well when it is not there ---------------------------------

bool has_usual_information(const X509* certificate) {
  const auto information = read_extension<InformationHandle>(certificate, NID_info_access);
  if (information == nullptr) return true;
  const int count = sk_ACCESS_DESCRIPTION_num(information.get());
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* place = sk_ACCESS_DESCRIPTION_value(information.get(), i)->location;
    if (place->type == GEN_URI && !is_ascii(place->d.uniformResourceIdentifier)) return false;
  }
  return count > 0;
}

bool has_whole_key_id(const X509* certificate) {
  const auto id = read_extension<KeyIdHandle>(certificate, NID_authority_key_identifier);
  return id == nullptr || (id->issuer == nullptr) == (id->serial == nullptr);
}

bool has_named_lists(const X509* certificate) {
  const auto lists = read_extension<ListsHandle>(certificate, NID_crl_distribution_points);
  for (int i = 0; i < sk_DIST_POINT_num(lists.get()); ++i) {
    const DIST_POINT_NAME* name = sk_DIST_POINT_value(lists.get(), i)->distpoint;
    if (name != nullptr && name->type == 1) return false;  // relative to the issuer's name
  }
  return true;
}

bool has_usual_length(const X509* certificate) {
  const auto basic = read_extension<BasicHandle>(certificate, NID_basic_constraints);
  return basic == nullptr || basic->pathlen == nullptr || is_small_number(basic->pathlen);
}

bool is_known_qualifier(const POLICYQUALINFO* qualifier) {
  const int nid = OBJ_obj2nid(qualifier->pqualid);
  return nid == NID_id_qt_cps || nid == NID_id_qt_unotice;
}

bool is_usual_policy(const POLICYINFO* policy, bool is_strict, bool may_have_qualifiers) {
  if (policy->qualifiers == nullptr) return true;
  const int count = sk_POLICYQUALINFO_num(policy->qualifiers);
  if (count == 0 || !may_have_qualifiers) return false;
  for (int i = 0; i < count && (is_strict || is_any_policy(policy->policyid)); ++i) {
    if (!is_known_qualifier(sk_POLICYQUALINFO_value(policy->qualifiers, i))) return false;
  }
  return true;
}

// Java accepts no qualifiers in critical policies of an authority.
bool has_usual_policies(const X509* certificate, bool is_ca) {
  int critical = 0;
  const PoliciesHandle policies(static_cast<CERTIFICATEPOLICIES*>(
      X509_get_ext_d2i(certificate, NID_certificate_policies, &critical, nullptr)));
  if (policies == nullptr) return true;
  const int count = sk_POLICYINFO_num(policies.get());
  for (int i = 0; i < count; ++i) {
    const POLICYINFO* policy = sk_POLICYINFO_value(policies.get(), i);
    if (!is_usual_policy(policy, critical > 0, critical <= 0 || !is_ca)) return false;
  }
  return count > 0;
}

bool has_usual_mappings(const X509* certificate, bool is_ca) {
  const auto mappings = read_extension<MappingsHandle>(certificate, NID_policy_mappings);
  if (mappings == nullptr) return true;
  const int count = sk_POLICY_MAPPING_num(mappings.get());
  for (int i = 0; i < count && is_ca; ++i) {
    const POLICY_MAPPING* mapping = sk_POLICY_MAPPING_value(mappings.get(), i);
    if (is_any_policy(mapping->issuerDomainPolicy) || is_any_policy(mapping->subjectDomainPolicy)) {
      return false;
    }
  }
  return count > 0;
}

bool has_usual_limits(const X509* certificate) {
  const auto limits = read_extension<LimitsHandle>(certificate, NID_policy_constraints);
  const auto any = read_extension<NumberHandle>(certificate, NID_inhibit_any_policy);
  if (any != nullptr && !is_small_number(any.get())) return false;
  if (limits == nullptr) return true;
  const ASN1_INTEGER* explicitly = limits->requireExplicitPolicy;
  const ASN1_INTEGER* mapped = limits->inhibitPolicyMapping;
  return (explicitly != nullptr || mapped != nullptr) &&
         (explicitly == nullptr || is_small_number(explicitly)) &&
         (mapped == nullptr || is_small_number(mapped));
}

std::string content_problem(const Certificate& certificate) {
  const X509* x509 = certificate.native();
  const bool is_ca = certificate.is_ca();
  if (!has_usual_information(x509)) {
    return "its authority information access is empty or not ASCII";
  }
  if (!has_whole_key_id(x509)) {
    return "its authority key identifier has only one of issuer and serial number";
  }
  if (!has_named_lists(x509)) {
    return "a place of its revocation list is relative to the issuer's name";
  }
  if (!has_usual_length(x509)) return "its path length is not between 0 and 255";
  const bool are_policies_usual =
      has_usual_policies(x509, is_ca) && has_usual_mappings(x509, is_ca) && has_usual_limits(x509);
  return are_policies_usual ? std::string()
                            : "its certificate policies are written in a way that not every "
                              "client can read";
}

}  // namespace

std::string extension_problem(const Certificate& certificate) {
  const X509* x509 = certificate.native();
  for (int i = 0; i < X509_get_ext_count(x509); ++i) {
    X509_EXTENSION* extension = X509_get_ext(x509, i);
    const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
    if (is_twice(x509, i, object)) {
      return fmt::format("its extension \"{}\" is there twice", name_of(object));
    }
    const int nid = OBJ_obj2nid(object);
    if (is_one_of(kReadByClients, nid) &&
        !(is_readable(extension) && is_strict_extension(extension, nid))) {
      return fmt::format("its extension \"{}\" is not readable", name_of(object));
    }
    if (X509_EXTENSION_get_critical(extension) != 0 && !is_one_of(kKnownCritical, nid)) {
      return fmt::format("its critical extension \"{}\" is not known to every client",
                         name_of(object));
    }
  }
  return content_problem(certificate);
}

}  // namespace ccm::crypto
