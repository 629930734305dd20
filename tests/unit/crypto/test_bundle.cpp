// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <openssl/ec.h>

#include "crypto/certificate/bundle.h"
#include "crypto/certificate/pem.h"
#include "fixtures.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class BundleTest : public testing::Test {
 protected:
  const test::TestAuthority root_ = test::make_test_root();
  const test::TestAuthority issuing_ = test::make_test_intermediate(root_);
  const test::TestCertificate leaf_ =
      test::make_test_leaf(issuing_, {.names = {"www.example.com"}});
};

TEST_F(BundleTest, IsInServingOrder) {
  const Result<Bundle> bundle =
      Bundle::make({root_.certificate, issuing_.certificate, leaf_.certificate}, leaf_.key);
  ASSERT_TRUE(bundle) << bundle.error().message();
  ASSERT_EQ(bundle->chain().size(), 2u);
  EXPECT_EQ(bundle->leaf().fingerprint(), leaf_.certificate.fingerprint());
  EXPECT_EQ(bundle->chain()[1].fingerprint(), issuing_.certificate.fingerprint());
  EXPECT_TRUE(bundle->key().has_same_public_key(leaf_.key));
}

TEST_F(BundleTest, EveryKindOfKey) {
  for (const std::string kind : {"RSA-2048", "P-384", "P-521", "ED25519", "SM2"}) {
    const auto leaf = test::make_test_leaf(issuing_, {.names = {"a.example"}, .key_kind = kind});
    const Result<Bundle> bundle = Bundle::make({leaf.certificate}, leaf.key);
    EXPECT_TRUE(bundle) << kind << ": " << bundle.error().message();
  }
}

TEST_F(BundleTest, AnotherKeyIsRejected) {
  for (const std::string kind : {"P-256", "RSA-2048"}) {
    const Result<Bundle> bundle =
        Bundle::make({leaf_.certificate, issuing_.certificate}, test::make_test_key(kind));
    ASSERT_FALSE(bundle);
    EXPECT_EQ(bundle.error().kind(), ErrorKind::rejected);
  }
}

TEST_F(BundleTest, SaysWhereThePathEnded) {
  const auto end_of = [&](const std::vector<Certificate>& certificates) {
    return Bundle::make(certificates, leaf_.key).value().path_end();
  };
  const Certificate stranger = test::make_test_root("Stranger").certificate;
  EXPECT_EQ(end_of({leaf_.certificate, issuing_.certificate, root_.certificate}), PathEnd::rooted);
  EXPECT_EQ(end_of({stranger, leaf_.certificate, issuing_.certificate, root_.certificate}),
            PathEnd::rooted);
  EXPECT_EQ(end_of({leaf_.certificate, issuing_.certificate}), PathEnd::open);
  EXPECT_EQ(end_of({leaf_.certificate}), PathEnd::open);
  EXPECT_EQ(end_of({leaf_.certificate, root_.certificate}), PathEnd::mismatched);
  EXPECT_EQ(end_of({leaf_.certificate, issuing_.certificate, stranger}), PathEnd::mismatched);
}

// A SEC 1 key whose private half is another one than its public half says.
TEST_F(BundleTest, AKeyThatOnlyClaimsToFitIsRejected) {
  const std::string good(leaf_.key.to_der().value().reveal());
  // ECPrivateKey: version 1, then the 32 bytes of the private half (RFC 5915 section 3).
  const std::size_t start = good.find(std::string("\x02\x01\x01\x04\x20", 5)) + 5;
  std::string damaged = good;
  damaged[start + 10] = static_cast<char>(damaged[start + 10] ^ 1);
  Result<KeyPair> key = KeyPair::parse_der(std::as_bytes(std::span(damaged)));
  ASSERT_TRUE(key) << key.error().message();
  ASSERT_TRUE(leaf_.certificate.matches(*key));
  const Result<Bundle> bundle = Bundle::make({leaf_.certificate}, std::move(*key));
  ASSERT_FALSE(bundle);
  EXPECT_EQ(bundle.error().kind(), ErrorKind::rejected);
  EXPECT_THAT(bundle.error().message(), HasSubstr("damaged"));
}

TEST_F(BundleTest, FromPemWithTheChainBesideOrWithin) {
  const std::string leaf = leaf_.certificate.to_pem();
  const std::string chain = to_pem({issuing_.certificate, root_.certificate});
  for (const Result<Bundle>& bundle : {
           Bundle::parse_pem(leaf, chain, leaf_.key),
           Bundle::parse_pem(leaf + chain, "", leaf_.key),
           Bundle::parse_pem(test::with_line_ends(leaf + chain, ""), chain, leaf_.key),
           Bundle::parse_pem(test::with_line_ends(leaf, "\r\n"),
                             test::with_line_ends(chain, "\r\n"), leaf_.key),
       }) {
    ASSERT_TRUE(bundle) << bundle.error().message();
    EXPECT_EQ(bundle->chain().size(), 2u);
  }
}

TEST_F(BundleTest, FromPemSaysWhichTextIsWrong) {
  const std::string leaf = leaf_.certificate.to_pem();
  const std::string broken = leaf.substr(0, 100);
  EXPECT_THAT(Bundle::parse_pem("", "", leaf_.key).error().message(),
              HasSubstr("no BEGIN CERTIFICATE"));
  EXPECT_THAT(Bundle::parse_pem(broken, "", leaf_.key).error().message(),
              StartsWith("certificate 1"));
  EXPECT_THAT(Bundle::parse_pem(leaf, broken, leaf_.key).error().message(),
              StartsWith("certificate chain: certificate 1"));
}

}  // namespace
}  // namespace ccm::crypto
