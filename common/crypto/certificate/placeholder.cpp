// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/placeholder.h"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include "crypto/certificate/alternative_names.h"
#include "crypto/certificate/asn1_time.h"
#include "crypto/digest.h"
#include "crypto/key/key_type_of.h"
#include "crypto/openssl_handles.h"

namespace ccm::crypto {
namespace {

constexpr std::string_view kCommonName = "CCM TLS placeholder";
constexpr Seconds kDay{86400};
constexpr Seconds kLifetime = 3652 * kDay;
constexpr std::size_t kSerialSize = 16;

using ObjectStackHandle = Handle<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;

bool set_serial(X509* certificate) {
  Result<Secret> random = random_bytes(kSerialSize);
  if (!random) return false;
  // A serial number is positive (RFC 5280 section 4.1.2.2).
  random->mutable_bytes()[0] &= std::byte{0x7f};
  random->mutable_bytes()[0] |= std::byte{0x40};
  const BignumHandle number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(random->bytes().data()),
                static_cast<int>(random->size()), nullptr));
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_subject_and_issuer(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(kCommonName.data()),
                                    static_cast<int>(kCommonName.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

bool set_validity(X509* certificate, Time now) {
  const auto set = [](ASN1_TIME* field, Time time) {
    return ASN1_TIME_set(field, to_time_t(time)) != nullptr;
  };
  return set(X509_getm_notBefore(certificate), now - kDay) &&
         set(X509_getm_notAfter(certificate), now - kDay + kLifetime);
}

bool add_server_auth(X509* certificate) {
  const ObjectStackHandle usage(EXTENDED_KEY_USAGE_new());
  return usage != nullptr && sk_ASN1_OBJECT_push(usage.get(), OBJ_nid2obj(NID_server_auth)) > 0 &&
         X509_add1_ext_i2d(certificate, NID_ext_key_usage, usage.get(), 0, 0) == 1;
}

bool add_names(X509* certificate, const std::vector<std::string>& names) {
  // A server without names has a placeholder without the extension: an empty one is malformed.
  if (names.empty()) return true;
  const Result<GeneralNamesHandle> entries = make_alternative_names(names);
  return entries && X509_add1_ext_i2d(certificate, NID_subject_alt_name, entries->get(), 0, 0) == 1;
}

}  // namespace

Result<Bundle> make_placeholder(const KeyPair& key, const std::vector<std::string>& names,
                                Time now) {
  X509Handle certificate(X509_new());
  if (certificate == nullptr || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      !set_serial(certificate.get()) || !set_subject_and_issuer(certificate.get()) ||
      !set_validity(certificate.get(), now) || !add_server_auth(certificate.get()) ||
      !add_names(certificate.get(), names) ||
      X509_set_pubkey(certificate.get(), key.native()) != 1 ||
      X509_sign(certificate.get(), key.native(), signature_digest(key.type())) <= 0) {
    return fail(openssl_error(ErrorKind::internal, "placeholder certificate"));
  }
  return Bundle::make({Certificate::share_of(certificate.get())}, key);
}

bool is_placeholder(const Certificate& certificate) {
  return certificate.is_self_signed() && certificate.subject() == fmt::format("CN={}", kCommonName);
}

}  // namespace ccm::crypto
