// SPDX-License-Identifier: Apache-2.0
// A certificate authority for tests: real keys and real signatures, with every property that the
// code under test judges open to choice. Throws when OpenSSL refuses. Any thread.
//
//   const TestAuthority root = make_test_root();
//   const TestAuthority issuing = make_test_intermediate(root);
//   const TestCertificate leaf = make_test_leaf(issuing, {.names = {"www.example.com"}});
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "crypto/certificate/certificate.h"
#include "crypto/key/key_pair.h"

namespace ccm::test {

// 2026-01-31T00:00:00Z: where tests with a fake clock stand; the default certificates are valid
// then.
inline constexpr Time kTestNow{Seconds{1769817600}};
inline constexpr Seconds kTestDay{86400};

// "RSA-2048", "RSA-1024", "P-256", "P-384", "P-521", "secp256k1", "ED25519", "SM2": also kinds of
// keys that the program refuses to make.
crypto::KeyPair make_test_key(const std::string& kind = "P-256");

struct TestCertificate {
  crypto::Certificate certificate;
  crypto::KeyPair key;

  // Private key as PKCS#8 PEM, for files that a test writes.
  std::string key_pem() const;
};
using TestAuthority = TestCertificate;

struct TestCertificateOptions {
  std::string common_name{};
  bool is_printable_string = false;  // the common name, whatever is in it; else a UTF8String
  std::vector<std::string> names{};  // DNS names, and IP addresses as "IP:…"; taken byte by byte
  Time not_before = kTestNow - kTestDay;
  Time not_after = kTestNow + 90 * kTestDay;
  std::string key_kind = "P-256";
  std::optional<crypto::KeyPair> key{};  // instead of a fresh one of `key_kind`
  std::string digest = "SHA256";         // "" for the key's own (ED25519)
  std::vector<std::string> extended_key_usage{"serverAuth"};  // short names; none = no extension
  bool is_ca = false;
  std::string ocsp_url{};
  bool must_staple = false;
  // In the words of OpenSSL's configuration; empty: what is usual.
  std::string basic_constraints{};
  std::string key_usage{};
  // Further extensions as "name=value": "nameConstraints=critical,permitted;DNS:example.net",
  // "1.2.3.4=critical,ASN1:NULL".
  std::vector<std::string> extensions{};
};

// Signed by `issuer`, or by its own key when `issuer` is null.
TestCertificate make_test_certificate(const TestAuthority* issuer, TestCertificateOptions options);

TestAuthority make_test_root(std::string common_name = "Test Root");
TestAuthority make_test_intermediate(const TestAuthority& root,
                                     std::string common_name = "Test Issuing CA");
// The common name is the first name unless given.
TestCertificate make_test_leaf(const TestAuthority& issuer, TestCertificateOptions options);
TestCertificate make_test_self_signed(TestCertificateOptions options);

}  // namespace ccm::test
