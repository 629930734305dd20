// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "crypto/certificate/certificate.h"
#include "crypto/certificate/certificate_facts.h"
#include "crypto/certificate/pem.h"
#include "fixtures.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

void expect_the_same(const Certificate& certificate) {
  const CertificateFacts facts = read_certificate_facts(certificate.to_der()).value();
  EXPECT_EQ(facts.fingerprint, certificate.fingerprint());
  EXPECT_EQ(facts.serial, certificate.serial());
  EXPECT_EQ(facts.not_before, certificate.not_before());
  EXPECT_EQ(facts.not_after, certificate.not_after());
  EXPECT_EQ(facts.names, certificate.names());
  EXPECT_EQ(facts.key_type.algorithm, certificate.key_type().algorithm);
  if (facts.key_type.algorithm != KeyAlgorithm::other) {
    EXPECT_EQ(facts.key_type.bits, certificate.key_type().bits);
  }
  const ServingFacts few = read_serving_facts(certificate.to_der()).value();
  EXPECT_EQ(few.not_before, facts.not_before);
  EXPECT_EQ(few.not_after, facts.not_after);
  EXPECT_EQ(few.names, facts.names);
  EXPECT_EQ(few.key_type, facts.key_type);
  const CertificateFacts again = read_certificate_facts(certificate.to_pem()).value();
  EXPECT_EQ(again.fingerprint, facts.fingerprint);
  EXPECT_EQ(again.names, facts.names);
}

TEST(CertificateFacts, AreWhatTheCertificateSays) {
  expect_the_same(parse_certificates_pem(test::kKnownCertificate).value().at(0));
  const auto root = test::make_test_root();
  expect_the_same(root.certificate);
  for (const std::string kind :
       {"RSA-2048", "RSA-1024", "P-256", "P-384", "P-521", "secp256k1", "ED25519", "SM2"}) {
    SCOPED_TRACE(kind);
    expect_the_same(
        test::make_test_leaf(root, {.names = {"www.example.com", "*.example.com", "IP:192.0.2.1"},
                                    .not_after = Time(Seconds{4102444800}),
                                    .key_kind = kind})
            .certificate);
  }
}

TEST(CertificateFacts, WithoutNamesThereAreNone) {
  const auto leaf = test::make_test_self_signed({.common_name = "www.example.com"});
  EXPECT_THAT(read_certificate_facts(leaf.certificate.to_der()).value().names, testing::IsEmpty());
}

TEST(CertificateFacts, OfAPartOfACertificateThereAreNone) {
  std::vector<std::byte> der = test::make_test_root().certificate.to_der();
  der.push_back(std::byte{0});
  EXPECT_FALSE(read_certificate_facts(der)) << "bytes follow its end";
  EXPECT_FALSE(read_serving_facts(der)) << "bytes follow its end";
  while (!der.empty()) {
    der.resize(der.size() - (der.size() > 2 ? 2 : 1));
    ASSERT_FALSE(read_certificate_facts(der)) << der.size();
    ASSERT_FALSE(read_serving_facts(der)) << der.size();
  }
}

TEST(CertificateFacts, APemTextHoldsExactlyOne) {
  const std::string pem = test::make_test_root().certificate.to_pem();
  EXPECT_TRUE(read_certificate_facts(pem));
  for (const std::string& text : {std::string(), pem + pem, pem.substr(0, pem.size() - 20)}) {
    const auto facts = read_certificate_facts(text);
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().kind(), ErrorKind::invalid);
  }
}

}  // namespace
}  // namespace ccm::crypto
