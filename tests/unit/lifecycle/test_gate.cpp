#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "lifecycle/gate.h"
#include "support/test_pki.h"

namespace ccm::lifecycle {
namespace {

using namespace std::chrono_literals;
using crypto::Bundle;
using crypto::Certificate;
using crypto::KeyAlgorithm;
using crypto::KeyType;
using test::kTestNow;
using test::TestAuthority;
using test::TestCertificate;
using testing::HasSubstr;
using testing::StartsWith;

struct Authorities {
  TestAuthority root = test::make_test_root();
  TestAuthority issuing = test::make_test_intermediate(root);
};

const Authorities& authorities() {
  static const Authorities* const kMade = new Authorities;  // outlives every test
  return *kMade;
}

config::CertificateSpec make_spec(std::vector<std::string> names = {"www.example.com"}) {
  return {.name = "www",
          .names = std::move(names),
          .source = config::ScmSource{},
          .key = std::nullopt,
          .renew_before = config::LifetimeShare{33},
          .check_interval = 1h,
          .keep = 2,
          .fallback = true,
          .origin = {}};
}

Bundle make_bundle(const TestCertificate& leaf, std::vector<Certificate> others) {
  others.insert(others.begin(), leaf.certificate);
  return Bundle::make(others, leaf.key).value();
}

Bundle bundle_with(test::TestCertificateOptions options) {
  if (options.names.empty()) options.names = {"www.example.com"};
  return make_bundle(test::make_test_leaf(authorities().issuing, std::move(options)),
                     {authorities().issuing.certificate});
}

std::string verdict(const config::CertificateSpec& spec, const Bundle& bundle,
                    const Bundle* current = nullptr, Time now = kTestNow) {
  const Result<void> result = admit({.spec = spec, .current = current, .bundle = bundle}, now);
  if (result) return "admitted";
  EXPECT_EQ(result.error().kind(), ErrorKind::rejected);
  return result.error().message();
}

TEST(Gate, AdmitsAGoodCertificate) {
  EXPECT_EQ(verdict(make_spec(), bundle_with({})), "admitted");
}

struct NameCase {
  std::vector<std::string> carried;
  std::vector<std::string> wanted;
  std::string expected;
};

class GateNames : public testing::TestWithParam<NameCase> {};

TEST_P(GateNames, Judges) {
  const Bundle bundle = bundle_with({.common_name = "x", .names = GetParam().carried});
  EXPECT_EQ(verdict(make_spec(GetParam().wanted), bundle), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, GateNames,
    testing::Values(
        NameCase{{"a.example", "b.example"}, {"b.example", "a.example"}, "admitted"},
        NameCase{{"a.example", "b.example"},
                 {"a.example", "www.example.com"},
                 "names: the certificate covers a.example, b.example but not \"www.example.com\""},
        NameCase{{"*.example.com"}, {"www.example.com"}, "admitted"},
        NameCase{{"*.example.com"}, {"*.example.com"}, "admitted"},
        NameCase{{"*.example.com"},
                 {"a.b.example.com"},
                 "names: the certificate covers *.example.com but not \"a.b.example.com\""},
        NameCase{{"*.example.com"},
                 {"example.com"},
                 "names: the certificate covers *.example.com but not \"example.com\""},
        NameCase{{"www.example.com"},
                 {"*.example.com"},
                 "names: the certificate covers www.example.com but not \"*.example.com\""},
        NameCase{{"IP:192.0.2.1"}, {"192.0.2.1"}, "admitted"},
        NameCase{{"IP:192.0.2.1"},
                 {"192.0.2.2"},
                 "names: the certificate covers 192.0.2.1 but not \"192.0.2.2\""}));

TEST(Gate, JudgesTheFirstInstantOfValidity) {
  const Bundle bundle = bundle_with({.not_before = kTestNow});
  EXPECT_EQ(verdict(make_spec(), bundle), "admitted");
  EXPECT_THAT(verdict(make_spec(), bundle, nullptr, kTestNow - 1s), StartsWith("not before: "));
}

TEST(Gate, SaysHowLongAnEarlyCertificateHasToWait) {
  const Bundle bundle = bundle_with({.not_before = kTestNow + 90s});
  const config::CertificateSpec spec = make_spec();
  const Result<void> result = admit({.spec = spec, .current = nullptr, .bundle = bundle}, kTestNow);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().retry_after(), 90s);
}

TEST(Gate, JudgesTheLastInstantOfValidity) {
  const Bundle bundle = bundle_with({.not_after = kTestNow + 10s});
  EXPECT_EQ(verdict(make_spec(), bundle, nullptr, kTestNow + 9s), "admitted");
  EXPECT_THAT(verdict(make_spec(), bundle, nullptr, kTestNow + 10s), StartsWith("not after: "));
}

TEST(Gate, MendsOrderAndRoot) {
  const TestCertificate leaf =
      test::make_test_leaf(authorities().issuing, {.names = {"www.example.com"}});
  const Bundle bundle = Bundle::make({authorities().root.certificate,
                                      authorities().issuing.certificate, leaf.certificate},
                                     leaf.key)
                            .value();
  EXPECT_EQ(verdict(make_spec(), bundle), "admitted");
}

TEST(Gate, AdmitsALeafRightBelowTheRootThatCameAlong) {
  const TestCertificate leaf =
      test::make_test_leaf(authorities().root, {.names = {"www.example.com"}});
  EXPECT_EQ(verdict(make_spec(), make_bundle(leaf, {authorities().root.certificate})), "admitted");
  EXPECT_THAT(verdict(make_spec(), make_bundle(leaf, {})), StartsWith("chain: "));
}

TEST(Gate, RefusesAMissingIntermediate) {
  const TestCertificate leaf =
      test::make_test_leaf(authorities().issuing, {.names = {"www.example.com"}});
  EXPECT_THAT(verdict(make_spec(), make_bundle(leaf, {})), HasSubstr("is missing"));
  EXPECT_THAT(verdict(make_spec(), make_bundle(leaf, {authorities().root.certificate})),
              HasSubstr("is missing"));
}

TEST(Gate, RefusesAnIntermediateOfAnotherAuthority) {
  const Authorities others;
  const TestCertificate leaf =
      test::make_test_leaf(authorities().issuing, {.names = {"www.example.com"}});
  // The same name, another key: only the signature tells.
  EXPECT_THAT(verdict(make_spec(), make_bundle(leaf, {others.issuing.certificate})),
              StartsWith("chain: "));
  EXPECT_THAT(verdict(make_spec(), make_bundle(leaf, {authorities().issuing.certificate,
                                                      others.root.certificate})),
              StartsWith("chain: "));
}

TEST(Gate, RefusesASelfSignedCertificate) {
  const TestCertificate leaf = test::make_test_self_signed({.names = {"www.example.com"}});
  EXPECT_THAT(verdict(make_spec(), make_bundle(leaf, {})),
              StartsWith("chain: the certificate is signed by itself"));
}

TEST(Gate, RefusesAnExpiredIntermediate) {
  const TestAuthority expired =
      test::make_test_certificate(&authorities().root, {.common_name = "Old CA",
                                                        .not_before = kTestNow - 48h,
                                                        .not_after = kTestNow,
                                                        .extended_key_usage = {},
                                                        .is_ca = true});
  const TestCertificate leaf = test::make_test_leaf(expired, {.names = {"www.example.com"}});
  const Bundle bundle = make_bundle(leaf, {expired.certificate});
  EXPECT_THAT(verdict(make_spec(), bundle), HasSubstr("Old CA"));
  EXPECT_EQ(verdict(make_spec(), bundle, nullptr, kTestNow - 1s), "admitted");
}

TEST(Gate, RefusesAnIssuerThatIsNoAuthority) {
  const TestCertificate impostor =
      test::make_test_leaf(authorities().issuing, {.common_name = "Impostor"});
  const TestCertificate leaf = test::make_test_leaf(impostor, {.names = {"www.example.com"}});
  EXPECT_THAT(verdict(make_spec(),
                      make_bundle(leaf, {impostor.certificate, authorities().issuing.certificate})),
              StartsWith("chain: "));
}

struct KeyCase {
  std::string kind;
  std::string expected_start;
};

class GateKeys : public testing::TestWithParam<KeyCase> {};

TEST_P(GateKeys, Judges) {
  EXPECT_THAT(verdict(make_spec(), bundle_with({.key_kind = GetParam().kind})),
              StartsWith(GetParam().expected_start));
}

INSTANTIATE_TEST_SUITE_P(Table, GateKeys,
                         testing::Values(KeyCase{"RSA-2048", "admitted"},
                                         KeyCase{"P-256", "admitted"}, KeyCase{"P-384", "admitted"},
                                         KeyCase{"RSA-1024", "key strength: "},
                                         KeyCase{"P-521", "key strength: "},
                                         KeyCase{"secp256k1", "key strength: "},
                                         KeyCase{"ED25519", "key strength: "}));

TEST(Gate, JudgesTheKeyTypeAskedFor) {
  config::CertificateSpec spec = make_spec();
  spec.key = KeyType{KeyAlgorithm::ecdsa, 256};
  EXPECT_EQ(verdict(spec, bundle_with({.key_kind = "P-256"})), "admitted");
  EXPECT_EQ(verdict(spec, bundle_with({.key_kind = "P-384"})),
            "key type: the certificate's key is ecdsa:384, and ecdsa:256 is configured");
  EXPECT_THAT(verdict(spec, bundle_with({.key_kind = "RSA-2048"})), StartsWith("key type: "));
}

TEST(Gate, JudgesSignatures) {
  EXPECT_EQ(verdict(make_spec(), bundle_with({.digest = "SHA384"})), "admitted");
  EXPECT_THAT(verdict(make_spec(), bundle_with({.digest = "SHA1"})),
              StartsWith("signature strength: "));
}

TEST(Gate, JudgesTheUseOfTheKey) {
  EXPECT_EQ(verdict(make_spec(), bundle_with({.extended_key_usage = {}})), "admitted");
  EXPECT_EQ(verdict(make_spec(), bundle_with({.extended_key_usage = {"clientAuth", "serverAuth"}})),
            "admitted");
  EXPECT_THAT(verdict(make_spec(), bundle_with({.extended_key_usage = {"clientAuth"}})),
              StartsWith("server authentication: "));
}

TEST(Gate, AsksForALaterEndThanTheInstalledOne) {
  const Bundle installed = bundle_with({.not_after = kTestNow + 240h});
  EXPECT_EQ(verdict(make_spec(), bundle_with({.not_after = kTestNow + 240h + 1s}), &installed),
            "admitted");
  EXPECT_THAT(verdict(make_spec(), bundle_with({.not_after = kTestNow + 240h}), &installed),
              StartsWith("later end: "));
  EXPECT_THAT(verdict(make_spec(), bundle_with({.not_after = kTestNow + 1h}), &installed),
              StartsWith("later end: "));
}

TEST(Gate, LetsWhatAnOperatorWantsEndWithTheInstalledOneButNotBefore) {
  const Bundle installed = bundle_with({.not_after = kTestNow + 240h});
  const config::CertificateSpec spec = make_spec();
  const auto wanted = [&](Seconds life) {
    const Bundle bundle = bundle_with({.not_after = kTestNow + life});
    return admit({.spec = spec, .current = &installed, .bundle = bundle, .is_wanted = true},
                 kTestNow);
  };
  EXPECT_TRUE(wanted(240h));
  const auto sooner = wanted(240h - 1s);
  ASSERT_FALSE(sooner);
  EXPECT_THAT(sooner.error().message(), HasSubstr("the installed one ends later"));
}

TEST(Gate, WaivesTheLaterEndWhenTheInstalledOneIsOfNoUse) {
  const Bundle candidate = bundle_with({.not_after = kTestNow + 1h});
  const Bundle other_names = bundle_with({.names = {"old.example.com"}});
  EXPECT_EQ(verdict(make_spec(), candidate, &other_names), "admitted");
  const Bundle weak = bundle_with({.key_kind = "RSA-1024"});
  EXPECT_EQ(verdict(make_spec(), candidate, &weak), "admitted");
  config::CertificateSpec spec = make_spec();
  spec.key = KeyType{KeyAlgorithm::ecdsa, 256};
  const Bundle other_key = bundle_with({.key_kind = "RSA-2048"});
  EXPECT_EQ(verdict(spec, candidate, &other_key), "admitted");
}

TEST(Gate, AsksForNoRootOfWhatIsInstalled) {
  const TestCertificate leaf =
      test::make_test_leaf(authorities().root, {.names = {"www.example.com"}});
  const Bundle stored = make_bundle(leaf, {});
  EXPECT_TRUE(check_installed(make_spec(), stored, kTestNow));
  EXPECT_FALSE(check_installed(make_spec({"other.example"}), stored, kTestNow));
  EXPECT_FALSE(check_installed(make_spec(), stored, stored.leaf().not_after()));
  // So it still defends its place.
  EXPECT_THAT(verdict(make_spec(), bundle_with({.not_after = kTestNow + 1h}), &stored),
              StartsWith("later end: "));
}

}  // namespace
}  // namespace ccm::lifecycle
