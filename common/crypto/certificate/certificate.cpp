// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate/certificate.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>

#include "crypto/certificate/alternative_names.h"
#include "crypto/certificate/asn1_time.h"
#include "crypto/certificate/pem_block.h"
#include "crypto/certificate/recent_certificates.h"
#include "crypto/certificate/recent_checks.h"
#include "crypto/certificate/serial_text.h"
#include "crypto/digest.h"
#include "crypto/key/key_type_of.h"
#include "crypto/openssl_handles.h"

namespace ccm::crypto {
namespace {

using SignatureHandle = Handle<ECDSA_SIG, ECDSA_SIG_free>;
using FeaturesHandle = Handle<TLS_FEATURE, TLS_FEATURE_free>;

// The TLS extension status_request (RFC 6066 section 8).
constexpr long kStatusRequest = 5;

std::string name_text(const X509_NAME* name) {
  // Readable UTF-8 instead of \XX; control characters stay escaped.
  constexpr unsigned long kFlags =
      XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  const BioHandle buffer(BIO_new(BIO_s_mem()));
  if (buffer == nullptr || X509_NAME_print_ex(buffer.get(), name, 0, kFlags) < 0) {
    drain_openssl_errors();
    return {};
  }
  return std::string(content_of(buffer.get()));
}

std::string digest_text(const X509* certificate, const EVP_MD* algorithm) {
  std::array<std::byte, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, algorithm, reinterpret_cast<unsigned char*>(digest.data()), &size) !=
      1) {
    drain_openssl_errors();
    return {};
  }
  return to_hex(std::span(digest).first(size));
}

SignatureStrength strength_of(int digest_nid) noexcept {
  switch (digest_nid) {
    case NID_sha256:
    case NID_sha384:
    case NID_sha512:
      return SignatureStrength::strong;
    case NID_md2:
    case NID_md4:
    case NID_md5:
    case NID_md5_sha1:
    case NID_sha1:
    case NID_ripemd160:
      return SignatureStrength::weak;
    default:
      // Also Edwards curves, which Chromium does not know.
      return SignatureStrength::unknown;
  }
}

// About the key that signed, as far as the signature shows: a signature of RSA is as long as the
// modulus, and both numbers of ECDSA are below the order of the curve. With a larger curve both are
// so small once in 2^64 signatures.
bool is_by_short_key(const X509* certificate, int key_nid) noexcept {
  constexpr int kLeastRsaBytes = 256;
  constexpr int kShortCurveBits = 224;
  const ASN1_BIT_STRING* signature = nullptr;
  X509_get0_signature(&signature, nullptr, certificate);
  const int size = ASN1_STRING_length(signature);
  if (key_nid == NID_rsaEncryption || key_nid == NID_rsassaPss) return size < kLeastRsaBytes;
  if (key_nid != NID_X9_62_id_ecPublicKey) return false;
  const unsigned char* data = ASN1_STRING_get0_data(signature);
  const SignatureHandle numbers(d2i_ECDSA_SIG(nullptr, &data, size));
  return numbers != nullptr && BN_num_bits(ECDSA_SIG_get0_r(numbers.get())) <= kShortCurveBits &&
         BN_num_bits(ECDSA_SIG_get0_s(numbers.get())) <= kShortCurveBits;
}

bool has_good_signature(const SignatureQuestion& question) {
  if (was_good(question)) return true;
  EVP_PKEY* key = X509_get0_pubkey(question.signer.native());
  const bool is_verified = key != nullptr && X509_verify(question.certificate.native(), key) == 1;
  drain_openssl_errors();
  if (is_verified) note_good(question);
  return is_verified;
}

}  // namespace

Result<Certificate> Certificate::parse_der(std::span<const std::byte> der) {
  if (Result<void> size = check_input_size(der.size()); !size) return pass(std::move(size));
  if (auto known = find_recent_certificate(der)) return Certificate(std::move(known));
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = position + der.size();
  X509Handle parsed(d2i_X509(nullptr, &position, static_cast<long>(der.size())));
  if (parsed == nullptr) {
    return fail(openssl_error(ErrorKind::invalid, "not an X.509 certificate"));
  }
  if (position != end) return fail(ErrorKind::invalid, "bytes follow the end of the certificate");
  if (!to_time(X509_get0_notBefore(parsed.get())) || !to_time(X509_get0_notAfter(parsed.get()))) {
    return fail(ErrorKind::invalid, "the certificate's validity dates are not readable");
  }
  drain_openssl_errors();
  Certificate certificate(std::move(parsed));
  note_recent_certificate(der, certificate.certificate_);
  return certificate;
}

Certificate Certificate::share_of(X509* certificate) {
  return Certificate(share(certificate));
}

std::vector<std::byte> Certificate::to_der() const {
  const int size = i2d_X509(native(), nullptr);
  std::vector<std::byte> der(size > 0 ? static_cast<std::size_t>(size) : 0);
  auto* position = reinterpret_cast<unsigned char*>(der.data());
  if (!der.empty()) i2d_X509(native(), &position);
  return der;
}

std::string Certificate::to_pem() const {
  const BioHandle buffer(BIO_new(BIO_s_mem()));
  if (buffer == nullptr || PEM_write_bio_X509(buffer.get(), native()) != 1) {
    drain_openssl_errors();
    return {};
  }
  return std::string(content_of(buffer.get()));
}

std::string Certificate::subject() const {
  return name_text(X509_get_subject_name(native()));
}

std::string Certificate::issuer() const {
  return name_text(X509_get_issuer_name(native()));
}

std::string Certificate::serial() const {
  return serial_text(X509_get0_serialNumber(native()));
}

std::string Certificate::fingerprint() const {
  return digest_text(native(), EVP_sha256());
}

std::string Certificate::sha1_fingerprint() const {
  return digest_text(native(), EVP_sha1());
}

Time Certificate::not_before() const noexcept {
  return to_time(X509_get0_notBefore(native())).value_or(Time());
}

Time Certificate::not_after() const noexcept {
  return to_time(X509_get0_notAfter(native())).value_or(Time());
}

std::vector<std::string> Certificate::names() const {
  return read_alternative_names(native());
}

KeyType Certificate::key_type() const noexcept {
  const EVP_PKEY* key = X509_get0_pubkey(native());
  drain_openssl_errors();
  return key_type_of(key);
}

SignatureStrength Certificate::signature_strength() const noexcept {
  int digest_nid = NID_undef;
  int key_nid = NID_undef;
  const bool is_known =
      X509_get_signature_info(native(), &digest_nid, &key_nid, nullptr, nullptr) == 1;
  const bool is_weak = is_known && is_by_short_key(native(), key_nid);
  drain_openssl_errors();
  if (is_weak) return SignatureStrength::weak;
  return is_known ? strength_of(digest_nid) : SignatureStrength::unknown;
}

bool Certificate::is_ca() const noexcept {
  const bool is_ca = (X509_get_extension_flags(native()) & EXFLAG_CA) != 0;
  drain_openssl_errors();
  return is_ca;
}

bool Certificate::is_self_signed() const {
  const bool may_be = X509_self_signed(native(), 0) == 1;
  drain_openssl_errors();
  return may_be && has_good_signature({*this, *this});
}

bool Certificate::allows_server_auth() const noexcept {
  // All bits are set when the extension is absent.
  const bool allows = (X509_get_extended_key_usage(native()) & XKU_SSL_SERVER) != 0;
  drain_openssl_errors();
  return allows;
}

bool Certificate::allows_signing() const noexcept {
  // All bits are set when the extension is absent.
  const bool allows = (X509_get_key_usage(native()) & KU_DIGITAL_SIGNATURE) != 0;
  drain_openssl_errors();
  return allows;
}

bool Certificate::is_issued_by(const Certificate& issuer) const {
  const X509_NAME* named = X509_get_issuer_name(native());
  if (X509_NAME_cmp(named, X509_get_subject_name(issuer.native())) != 0) return false;
  return has_good_signature({*this, issuer});
}

bool Certificate::matches(const KeyPair& key) const noexcept {
  const bool matches = X509_check_private_key(native(), key.native()) == 1;
  drain_openssl_errors();
  return matches;
}

bool Certificate::requires_stapling() const noexcept {
  const FeaturesHandle features(
      static_cast<TLS_FEATURE*>(X509_get_ext_d2i(native(), NID_tlsfeature, nullptr, nullptr)));
  drain_openssl_errors();
  for (int i = 0; i < sk_ASN1_INTEGER_num(features.get()); ++i) {
    if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == kStatusRequest) return true;
  }
  return false;
}

std::vector<std::string> Certificate::ocsp_urls() const {
  STACK_OF(OPENSSL_STRING)* found = X509_get1_ocsp(native());
  drain_openssl_errors();
  std::vector<std::string> urls;
  for (int i = 0; i < sk_OPENSSL_STRING_num(found); ++i) {
    urls.emplace_back(sk_OPENSSL_STRING_value(found, i));
  }
  X509_email_free(found);
  return urls;
}

}  // namespace ccm::crypto
