// SPDX-License-Identifier: Apache-2.0
// One parsed X.509 certificate. Shared and immutable: copies refer to the same object. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/key/key_pair.h"
#include "crypto/key/key_type.h"
#include "crypto/openssl.h"

namespace ccm::crypto {

enum class SignatureStrength : std::uint8_t { strong, weak, unknown };

class Certificate {
 public:
  // Exactly one DER certificate with nothing after it.
  static Result<Certificate> parse_der(std::span<const std::byte> der);
  // Takes a reference of its own to an object that OpenSSL has parsed.
  static Certificate share_of(X509* certificate);

  std::vector<std::byte> to_der() const;
  // One PEM block, LF line ends.
  std::string to_pem() const;

  // RFC 2253 text, such as "CN=www.example.com".
  std::string subject() const;
  std::string issuer() const;
  // Upper-case hexadecimal without separators.
  std::string serial() const;
  // Lower-case hexadecimal SHA-256 of the DER form: this program's own identity of a certificate.
  std::string fingerprint() const;
  // Lower-case hexadecimal SHA-1 without separators: what SCM shows (ShowCertificate fingerprint).
  std::string sha1_fingerprint() const;

  Time not_before() const noexcept;
  Time not_after() const noexcept;
  // Canonical DNS names and IP addresses of the subjectAltName (names.h says what canonical means).
  std::vector<std::string> names() const;

  KeyType key_type() const noexcept;
  // The strength of the algorithm that signed this certificate: SHA-256, SHA-384 and SHA-512 are
  // strong, MD5 and SHA-1 weak, and one that Go or the browsers do not know is unknown. A signature
  // by an RSA key of less than 2048 bits, or by an elliptic curve of less than 225 bits, is also
  // weak. (The signature of a self-signed root does not matter; callers know whether they ask about
  // one.)
  SignatureStrength signature_strength() const noexcept;
  bool is_ca() const noexcept;
  bool is_self_signed() const;
  // True when extendedKeyUsage is absent or contains serverAuth (RFC 5280 section 4.2.1.12);
  // anyExtendedKeyUsage alone is not enough for OpenSSL's clients.
  bool allows_server_auth() const noexcept;
  // True when keyUsage is absent or contains digitalSignature. TLS 1.3 and every cipher with
  // forward secrecy need it (RFC 8446 section 4.4.2.2).
  bool allows_signing() const noexcept;
  // Whether `issuer` is named as the issuer and its key verifies the signature.
  bool is_issued_by(const Certificate& issuer) const;
  bool matches(const KeyPair& key) const noexcept;
  // OCSP responder URLs of the authorityInfoAccess extension; usually none or one.
  std::vector<std::string> ocsp_urls() const;
  // Whether clients are told to refuse it without a stapled OCSP response ("must-staple", RFC
  // 7633).
  bool requires_stapling() const noexcept;

  // Borrowed; lives as long as this object or any copy of it.
  X509* native() const noexcept { return certificate_.get(); }

 private:
  explicit Certificate(std::shared_ptr<X509> certificate) : certificate_(std::move(certificate)) {}

  std::shared_ptr<X509> certificate_;
};

}  // namespace ccm::crypto
