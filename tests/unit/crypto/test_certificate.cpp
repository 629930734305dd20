// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "crypto/certificate/certificate.h"
#include "crypto/certificate/pem.h"
#include "fixtures.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using test::kTestDay;
using test::kTestNow;
using test::make_test_leaf;
using test::make_test_self_signed;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Certificate known() {
  return parse_certificates_pem(test::kKnownCertificate).value().at(0);
}

TEST(Certificate, ShowsWhatTheOpensslCommandShows) {
  const Certificate certificate = known();
  EXPECT_EQ(certificate.subject(), "CN=Known.Example,O=Müller\\, \\\"Söhne\\\",C=CN");
  EXPECT_EQ(certificate.issuer(), certificate.subject());
  EXPECT_EQ(certificate.serial(), "0A1B2C3D4E5F");
  EXPECT_EQ(certificate.fingerprint(),
            "1c4ae5fddb4d7723cb2552ba3124ff25e8ab485cd569e6dbac8ce6e4c3da41a3");
  EXPECT_EQ(certificate.sha1_fingerprint(), "1b91cbc6f02d970adb2bee621fb42d4420a80f13");
  EXPECT_EQ(format_time(certificate.not_before()), "2026-11-21T22:47:23Z");
  EXPECT_EQ(format_time(certificate.not_after()), "2036-11-18T22:47:23Z");
  EXPECT_EQ(certificate.key_type(), (KeyType{KeyAlgorithm::ecdsa, 256}));
  EXPECT_EQ(certificate.to_pem(), test::kKnownCertificate);
}

TEST(Certificate, ReadsTheExtensions) {
  const Certificate certificate = known();
  EXPECT_THAT(certificate.names(),
              ElementsAre("known.example", "*.known.example", "192.0.2.7", "2001:db8::7"));
  EXPECT_THAT(certificate.ocsp_urls(),
              ElementsAre("http://ocsp.known.example/a", "http://ocsp2.known.example"));
  EXPECT_TRUE(certificate.is_ca());
  EXPECT_TRUE(certificate.is_self_signed());
  EXPECT_TRUE(certificate.allows_server_auth());
  EXPECT_EQ(certificate.signature_strength(), SignatureStrength::strong);
}

TEST(Certificate, DerComesBackByteByByte) {
  const std::vector<std::byte> der = known().to_der();
  EXPECT_EQ(Certificate::parse_der(der).value().to_der(), der);
}

TEST(Certificate, DerMustBeExactlyOneCertificate) {
  std::vector<std::byte> der = known().to_der();
  der.push_back(std::byte{0});
  EXPECT_THAT(Certificate::parse_der(der).error().message(), HasSubstr("bytes follow"));
  der.resize(der.size() - 2);
  EXPECT_THAT(Certificate::parse_der(der).error().message(),
              StartsWith("not an X.509 certificate"));
  EXPECT_EQ(Certificate::parse_der({}).error().kind(), ErrorKind::invalid);
  EXPECT_FALSE(Certificate::parse_der(std::vector<std::byte>((1 << 20) + 1)).has_value());
}

TEST(Certificate, UnreadableDatesAreRefused) {
  std::vector<std::byte> der = known().to_der();
  const std::string_view wanted = "261121224723Z";
  const std::string_view text(reinterpret_cast<const char*>(der.data()), der.size());
  const std::size_t position = text.find(wanted);
  ASSERT_NE(position, text.npos);
  der[position + 2] = std::byte{'9'};  // month 91
  EXPECT_THAT(Certificate::parse_der(der).error().message(), HasSubstr("dates"));
}

TEST(Certificate, CopiesShareTheObject) {
  const Certificate first = known();
  const Certificate copy = first;
  EXPECT_EQ(copy.native(), first.native());
  const Certificate shared = Certificate::share_of(first.native());
  EXPECT_EQ(shared.fingerprint(), first.fingerprint());
}

TEST(Certificate, DatesAreTheOnesAskedFor) {
  const auto leaf = make_test_self_signed({.names = {"a.example"},
                                           .not_before = kTestNow - kTestDay,
                                           .not_after = kTestNow + 40 * 365 * kTestDay});
  EXPECT_EQ(leaf.certificate.not_before(), kTestNow - kTestDay);
  // 2066 needs GeneralizedTime.
  EXPECT_EQ(leaf.certificate.not_after(), kTestNow + 40 * 365 * kTestDay);
}

TEST(Certificate, KnowsItsIssuerByNameAndSignature) {
  const auto root = test::make_test_root("Root");
  const auto impostor = test::make_test_root("Root");
  const auto renamed = test::make_test_certificate(
      nullptr, {.common_name = "Other", .key = root.key, .is_ca = true});
  const auto leaf = make_test_leaf(root, {.names = {"a.example"}});
  EXPECT_TRUE(leaf.certificate.is_issued_by(root.certificate));
  EXPECT_FALSE(leaf.certificate.is_issued_by(impostor.certificate)) << "same name, other key";
  EXPECT_FALSE(leaf.certificate.is_issued_by(renamed.certificate)) << "same key, other name";
  EXPECT_FALSE(leaf.certificate.is_issued_by(leaf.certificate));
  EXPECT_FALSE(root.certificate.is_issued_by(leaf.certificate));
  EXPECT_TRUE(root.certificate.is_issued_by(root.certificate));
}

TEST(Certificate, SelfSignedIsMoreThanTheSameName) {
  const auto root = test::make_test_root("Twin");
  const auto twin = make_test_leaf(root, {.common_name = "Twin", .names = {"a.example"}});
  EXPECT_TRUE(root.certificate.is_self_signed());
  EXPECT_FALSE(twin.certificate.is_self_signed());
  EXPECT_FALSE(twin.certificate.is_ca());
}

TEST(Certificate, ServerAuthIsAllowedUnlessTheExtensionForbids) {
  const auto allows = [](std::vector<std::string> purposes) {
    return make_test_self_signed(
               {.names = {"a.example"}, .extended_key_usage = std::move(purposes)})
        .certificate.allows_server_auth();
  };
  EXPECT_TRUE(allows({}));
  EXPECT_TRUE(allows({"serverAuth"}));
  EXPECT_TRUE(allows({"clientAuth", "serverAuth"}));
  EXPECT_FALSE(allows({"anyExtendedKeyUsage"})) << "OpenSSL's clients refuse it";
  EXPECT_FALSE(allows({"clientAuth"}));
  EXPECT_FALSE(allows({"codeSigning", "1.3.6.1.4.1.99999.1"}));
}

TEST(Certificate, SignatureStrengthIsThatOfTheDigestAndTheKey) {
  const auto strength = [](const std::string& kind, const std::string& digest) {
    return make_test_self_signed({.names = {"a.example"}, .key_kind = kind, .digest = digest})
        .certificate.signature_strength();
  };
  EXPECT_EQ(strength("RSA-2048", "SHA256"), SignatureStrength::strong);
  EXPECT_EQ(strength("P-384", "SHA384"), SignatureStrength::strong);
  EXPECT_EQ(strength("RSA-2048", "SHA1"), SignatureStrength::weak);
  EXPECT_EQ(strength("RSA-2048", "MD5"), SignatureStrength::weak);
  EXPECT_EQ(strength("P-256", "SHA1"), SignatureStrength::weak);
  EXPECT_EQ(strength("RSA-1024", "SHA256"), SignatureStrength::weak);
  EXPECT_EQ(strength("P-224", "SHA256"), SignatureStrength::weak);
  EXPECT_EQ(strength("SM2", "SM3"), SignatureStrength::unknown);
  EXPECT_EQ(strength("ED25519", ""), SignatureStrength::unknown) << "Chromium does not know it";
}

TEST(Certificate, MatchesOnlyItsOwnKey) {
  const auto leaf = make_test_self_signed({.names = {"a.example"}});
  EXPECT_TRUE(leaf.certificate.matches(leaf.key));
  EXPECT_FALSE(leaf.certificate.matches(test::make_test_key("P-256")));
  EXPECT_FALSE(leaf.certificate.matches(test::make_test_key("RSA-2048")));
}

TEST(Certificate, KeyTypesTheProgramDoesNotKnowAreOther) {
  const std::pair<std::string, std::string> kinds[] = {
      {"ED25519", ""}, {"SM2", "SM3"}, {"secp256k1", "SHA256"}};
  for (const auto& [kind, digest] : kinds) {
    const auto leaf =
        make_test_self_signed({.names = {"a.example"}, .key_kind = kind, .digest = digest});
    EXPECT_EQ(leaf.certificate.key_type(), (KeyType{KeyAlgorithm::other, 256})) << kind;
  }
}

TEST(Certificate, ManyHaveNoResponder) {
  EXPECT_TRUE(make_test_self_signed({.names = {"a.example"}}).certificate.ocsp_urls().empty());
  EXPECT_THAT(make_test_self_signed({.names = {"a.example"}, .ocsp_url = "http://127.0.0.1:1/o"})
                  .certificate.ocsp_urls(),
              ElementsAre("http://127.0.0.1:1/o"));
}

TEST(Certificate, SomeMustBeStapled) {
  const test::TestCertificateOptions plain{.names = {"a.example"}};
  test::TestCertificateOptions demanding = plain;
  demanding.must_staple = true;
  EXPECT_FALSE(make_test_self_signed(plain).certificate.requires_stapling());
  EXPECT_TRUE(make_test_self_signed(demanding).certificate.requires_stapling());
}

TEST(Certificate, ControlCharactersDoNotLeaveTheSubjectRaw) {
  const auto leaf = make_test_self_signed({.common_name = "a\nb"});
  EXPECT_EQ(leaf.certificate.subject(), "CN=a\\0Ab");
}

}  // namespace
}  // namespace ccm::crypto
