// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "config/sources/pca.h"
#include "config/sources/scm.h"
#include "policy/gate.h"
#include "support/test_pki.h"

namespace ccm::policy {
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
  const auto result = admit({.spec = spec, .current = current, .bundle = bundle}, now);
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
  const auto result = admit({.spec = spec, .current = nullptr, .bundle = bundle}, kTestNow);
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
  // Such a root beside a good chain says nothing: clients have their own.
  EXPECT_EQ(verdict(make_spec(), make_bundle(leaf, {authorities().issuing.certificate,
                                                    others.root.certificate})),
            "admitted");
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

struct ClientCase {
  const char* what;
  test::TestCertificateOptions options;
  std::string expected_start;
};

std::ostream& operator<<(std::ostream& out, const ClientCase& c) {
  return out << c.what;
}

test::TestCertificateOptions with_extension(std::string text) {
  return {.extensions = {std::move(text)}};
}

// Each is refused by a client in use: OpenSSL, Go, Java or a browser.
class GateLeaf : public testing::TestWithParam<ClientCase> {};

TEST_P(GateLeaf, Judges) {
  EXPECT_THAT(verdict(make_spec(), bundle_with(GetParam().options)),
              StartsWith(GetParam().expected_start));
}

INSTANTIATE_TEST_SUITE_P(
    Table, GateLeaf,
    testing::Values(
        ClientCase{"unknown critical", with_extension("1.2.3.4.5=critical,ASN1:NULL"),
                   "form: clients refuse CN=www.example.com: its critical extension"},
        ClientCase{"unknown", with_extension("1.2.3.4.5=ASN1:NULL"), "admitted"},
        ClientCase{"critical policies",
                   with_extension("certificatePolicies=critical,DER:30:06:30:04:06:02:2a:03"),
                   "admitted"},
        ClientCase{"critical distribution points",
                   with_extension("crlDistributionPoints=critical,URI:http://127.0.0.1:1/"),
                   "form: "},
        ClientCase{"unreadable responder", with_extension("authorityInfoAccess=DER:05:00"),
                   "form: "},
        ClientCase{"empty information", with_extension("authorityInfoAccess=DER:30:00"), "form: "},
        ClientCase{"bytes behind a value",
                   with_extension("subjectKeyIdentifier=DER:04:01:01:05:00"), "form: "},
        ClientCase{"policies without one", with_extension("certificatePolicies=DER:30:00"),
                   "form: "},
        ClientCase{"a list relative to the issuer",
                   with_extension("crlDistributionPoints=DER:30:15:30:13:a0:11:a1:0f:30:0d:06:03:55"
                                  ":04:03:0c:06:61:62:63:64:65:66"),
                   "form: "},
        ClientCase{"half a key identifier",
                   with_extension("authorityKeyIdentifier=DER:30:03:82:01:77"), "form: "},
        ClientCase{"of an authority",
                   {.basic_constraints = "critical,CA:TRUE"},
                   "server authentication: the certificate is an authority's"},
        ClientCase{"no signing",
                   {.key_usage = "critical,keyEncipherment"},
                   "server authentication: the certificate's key usage"},
        ClientCase{
            "signs certificates", {.key_usage = "critical,keyCertSign"}, "server authentication: "},
        ClientCase{"signing and enciphering",
                   {.key_usage = "critical,digitalSignature,keyEncipherment"},
                   "admitted"},
        ClientCase{"any purpose",
                   {.extended_key_usage = {"anyExtendedKeyUsage"}},
                   "server authentication: "},
        ClientCase{"not ASCII",
                   {.names = {"www.example.com", "b\xc3\xbc.example.com"}},
                   "form: clients refuse CN=www.example.com: entry 2 of its subjectAltName"},
        // Chromium refuses the first, and forgives an asterisk.
        ClientCase{"AT&T as a PrintableString",
                   {.common_name = "AT&T", .is_printable_string = true},
                   "form: clients refuse CN=AT&T: its subject or issuer has text"},
        ClientCase{"AT&T as a UTF8String", {.common_name = "AT&T"}, "admitted"},
        ClientCase{"an asterisk as a PrintableString",
                   {.common_name = "*.example.com", .is_printable_string = true},
                   "admitted"},
        ClientCase{"an asterisk as a UTF8String", {.common_name = "*.example.com"}, "admitted"},
        ClientCase{"must staple, nobody to ask", {.must_staple = true}, "stapling: "},
        ClientCase{
            "must staple", {.ocsp_url = "http://127.0.0.1:1/", .must_staple = true}, "admitted"},
        ClientCase{"of the year 9999", {.not_after = Time(Seconds(253402300799))}, "admitted"},
        ClientCase{"of the year 1", {.not_before = Time(Seconds(-62135596800))}, "admitted"}));

TEST(Gate, DoesNotLookAtTheCommonName) {
  const Bundle bundle =
      make_bundle(test::make_test_leaf(authorities().issuing, {.common_name = "www.example.com"}),
                  {authorities().issuing.certificate});
  EXPECT_EQ(verdict(make_spec(), bundle),
            "names: its subjectAltName has no server name, so it does not cover "
            "\"www.example.com\"; clients do not look at the common name");
}

// The issuer's own properties; the leaf below it is good.
class GateIssuer : public testing::TestWithParam<ClientCase> {};

TEST_P(GateIssuer, Judges) {
  test::TestCertificateOptions options = GetParam().options;
  options.common_name = "Odd CA";
  options.is_ca = true;
  const TestAuthority issuer = test::make_test_certificate(&authorities().root, options);
  const TestCertificate leaf = test::make_test_leaf(issuer, {.names = {"www.example.com"}});
  EXPECT_THAT(verdict(make_spec(), make_bundle(leaf, {issuer.certificate})),
              StartsWith(GetParam().expected_start));
}

INSTANTIATE_TEST_SUITE_P(
    Table, GateIssuer,
    testing::Values(
        ClientCase{"usual", {}, "admitted"},
        ClientCase{"signs no certificates",
                   {.key_usage = "critical,digitalSignature"},
                   "clients: clients refuse the chain: "},
        ClientCase{"for clients only", with_extension("extendedKeyUsage=clientAuth"), "form: "},
        ClientCase{"for servers", with_extension("extendedKeyUsage=serverAuth"), "admitted"},
        ClientCase{"unknown critical", with_extension("1.2.3.4.5=critical,ASN1:NULL"), "form: "},
        ClientCase{"other names",
                   with_extension("nameConstraints=critical,permitted;DNS:other.net"),
                   "clients: clients refuse the chain: permitted subtree violation"},
        ClientCase{"excluded names",
                   with_extension("nameConstraints=critical,excluded;DNS:example.com"),
                   "clients: clients refuse the chain: excluded subtree violation"},
        ClientCase{"these names",
                   with_extension("nameConstraints=critical,permitted;DNS:example.com"),
                   "admitted"},
        ClientCase{"critical policy constraints",
                   with_extension("policyConstraints=critical,inhibitPolicyMapping:0"), "form: "},
        ClientCase{"policies demanded", with_extension("policyConstraints=requireExplicitPolicy:0"),
                   "clients: clients refuse the chain: an authority demands"},
        ClientCase{"policies demanded of nobody yet",
                   with_extension("policyConstraints=requireExplicitPolicy:5"), "admitted"},
        ClientCase{"more policies than a byte holds",
                   with_extension("policyConstraints=requireExplicitPolicy:300"), "form: "},
        ClientCase{"no policy mapped", with_extension("policyMappings=DER:30:00"), "form: "},
        ClientCase{"a length above a byte",
                   {.basic_constraints = "critical,CA:TRUE,pathlen:256"},
                   "form: "},
        ClientCase{"a minimum of names",
                   with_extension("nameConstraints=DER:30:0b:a1:09:30:07:82:02:62:2e:80:01:00"),
                   "form: "},
        ClientCase{"URIs of an address", with_extension("nameConstraints=excluded;URI:10.0.0.1"),
                   "form: "},
        ClientCase{"excluded address",
                   with_extension("nameConstraints=excluded;IP:10.0.0.0/255.0.0.0"), "admitted"},
        ClientCase{"address with a mask of holes",
                   with_extension("nameConstraints=excluded;IP:10.0.0.0/255.0.255.0"), "form: "},
        ClientCase{"name with a blank", with_extension("nameConstraints=excluded;DNS:a b"),
                   "form: "},
        ClientCase{"name below a dot", with_extension("nameConstraints=excluded;DNS:.other.net"),
                   "admitted"},
        ClientCase{
            "no length left", {.basic_constraints = "critical,CA:TRUE,pathlen:0"}, "admitted"},
        ClientCase{"P-521", {.key_kind = "P-521"}, "admitted"},
        ClientCase{"weak key",
                   {.key_kind = "RSA-1024"},
                   "key strength: the key of the issuer CN=Odd CA is rsa:1024"},
        ClientCase{"broken signature", {.digest = "SHA1"}, "signature strength: "},
        ClientCase{"begins later",
                   {.not_before = kTestNow + 1h},
                   "chain: the issuer CN=Odd CA is valid only from"}));

// OpenSSL takes the two spellings for one name.
TEST(Gate, RefusesAnIssuerThatSpellsItsNameInAnotherWay) {
  const TestAuthority issuer =
      test::make_test_certificate(&authorities().root, {.common_name = "Odd CA", .is_ca = true});
  const TestAuthority shouting = test::make_test_certificate(
      &authorities().root, {.common_name = "ODD CA", .key = issuer.key, .is_ca = true});
  const TestCertificate leaf = test::make_test_leaf(issuer, {.names = {"www.example.com"}});
  EXPECT_EQ(verdict(make_spec(), make_bundle(leaf, {issuer.certificate})), "admitted");
  EXPECT_THAT(verdict(make_spec(), make_bundle(leaf, {shouting.certificate})),
              StartsWith("clients: clients refuse the chain: CN=www.example.com spells the name"));
}

// The leaf has the name of its issuer, too.
TEST(Gate, RefusesAnIssuerWithAnAmpersandInAPrintableString) {
  const auto verdict_below = [](std::string name, bool is_printable_string) {
    const TestAuthority issuer = test::make_test_certificate(
        &authorities().root, {.common_name = std::move(name),
                              .is_printable_string = is_printable_string,
                              .is_ca = true});
    const TestCertificate leaf = test::make_test_leaf(issuer, {.names = {"www.example.com"}});
    return verdict(make_spec(), make_bundle(leaf, {issuer.certificate}));
  };
  EXPECT_THAT(
      verdict_below("AT&T CA", true),
      StartsWith("form: clients refuse CN=www.example.com: its subject or issuer has text"));
  EXPECT_EQ(verdict_below("AT&T CA", false), "admitted");
  EXPECT_EQ(verdict_below("* CA", true), "admitted");
}

// Its signature tells, also when the root did not come along.
TEST(Gate, RefusesWhatAShortKeyHasSigned) {
  for (const char* kind : {"RSA-1024", "P-224"}) {
    const TestAuthority root = test::make_test_certificate(
        nullptr, {.common_name = "Short Root", .key_kind = kind, .is_ca = true});
    const TestAuthority issuer = test::make_test_intermediate(root);
    const TestCertificate leaf = test::make_test_leaf(issuer, {.names = {"www.example.com"}});
    EXPECT_THAT(verdict(make_spec(), make_bundle(leaf, {issuer.certificate})),
                StartsWith("signature strength: "))
        << kind;
  }
}

TEST(Gate, RefusesARootThatClientsDoNotTakeForAnAuthority) {
  const TestAuthority root = test::make_test_certificate(
      nullptr, {.common_name = "No Root", .key_usage = "critical,keyCertSign"});
  const TestAuthority issuer = test::make_test_intermediate(root);
  const TestCertificate leaf = test::make_test_leaf(issuer, {.names = {"www.example.com"}});
  EXPECT_THAT(verdict(make_spec(), make_bundle(leaf, {issuer.certificate, root.certificate})),
              StartsWith("clients: clients refuse the root CN=No Root: it does not say"));
}

// Chromium does, as the excluded name would be one of the wildcard's.
TEST(Gate, RefusesAWildcardAboveAnExcludedName) {
  const auto verdict_below = [](const std::string& excluded) {
    test::TestCertificateOptions options =
        with_extension("nameConstraints=critical,excluded;DNS:" + excluded);
    options.common_name = "Odd CA";
    options.is_ca = true;
    const TestAuthority issuer = test::make_test_certificate(&authorities().root, options);
    const TestCertificate leaf = test::make_test_leaf(issuer, {.names = {"*.example.com"}});
    return verdict(make_spec(), make_bundle(leaf, {issuer.certificate}));
  };
  EXPECT_THAT(verdict_below("Bad.example.com"),
              StartsWith("clients: clients refuse the chain: CN=Odd CA excludes "
                         "\"bad.example.com\", which \"*.example.com\" would cover"));
  EXPECT_EQ(verdict_below("bad.example.net"), "admitted");
}

TEST(Gate, RefusesAnExceededPathLength) {
  const TestAuthority upper = test::make_test_certificate(
      &authorities().root,
      {.common_name = "Upper", .is_ca = true, .basic_constraints = "critical,CA:TRUE,pathlen:0"});
  const TestAuthority lower = test::make_test_intermediate(upper, "Lower");
  const TestCertificate leaf = test::make_test_leaf(lower, {.names = {"www.example.com"}});
  EXPECT_THAT(verdict(make_spec(), make_bundle(leaf, {lower.certificate, upper.certificate,
                                                      authorities().root.certificate})),
              StartsWith("clients: clients refuse the chain: path length constraint exceeded"));
}

TestAuthority cross_of_issuing_root(const TestAuthority& by, Time not_after) {
  return test::make_test_certificate(&by, {.common_name = "Test Root",
                                           .not_after = not_after,
                                           .key = authorities().root.key,
                                           .is_ca = true});
}

// Clients have the root itself; the old way to it has ended.
TEST(Gate, AdmitsAndKeepsWhatHasADeadTail) {
  const TestAuthority old_root = test::make_test_root("Old Root");
  const TestAuthority cross = cross_of_issuing_root(old_root, kTestNow + 24h);
  const TestCertificate leaf =
      test::make_test_leaf(authorities().issuing, {.names = {"www.example.com"}});
  const std::vector<Certificate> all{leaf.certificate, authorities().issuing.certificate,
                                     cross.certificate};
  const Bundle before = Bundle::make(all, leaf.key, kTestNow).value();
  EXPECT_EQ(before.chain().size(), 3u);
  EXPECT_EQ(verdict(make_spec(), before), "admitted");
  // It ends while the bundle is installed.
  EXPECT_TRUE(check_installed(make_spec(), before, kTestNow + 25h));
  // It had ended before the bundle came.
  const Bundle after = Bundle::make(all, leaf.key, kTestNow + 25h).value();
  EXPECT_EQ(after.chain().size(), 2u);
  EXPECT_EQ(after.left_out(), "CN=Test Root (ended at 2026-02-01T00:00:00Z)");
  EXPECT_EQ(verdict(make_spec(), after, nullptr, kTestNow + 25h), "admitted");
}

// The leaf alone would last; it breaks with the issuer.
TEST(Gate, CountsTheEndOfTheFirstOfThePathToEnd) {
  const TestAuthority short_lived = test::make_test_certificate(
      &authorities().root, {.common_name = "Short CA", .not_after = kTestNow + 25s, .is_ca = true});
  const TestCertificate leaf = test::make_test_leaf(
      short_lived, {.names = {"www.example.com"}, .not_after = kTestNow + 2400h});
  const Bundle installed = bundle_with({.not_after = kTestNow + 240h});
  EXPECT_EQ(verdict(make_spec(), make_bundle(leaf, {short_lived.certificate}), &installed),
            "later end: the certificate ends at 2026-01-31T00:00:25Z, the installed one ends no "
            "sooner (2026-02-10T00:00:00Z)");
}

// One tail that ends first for both must not stop the renewals below it.
TEST(Gate, ComparesTheLeavesBelowACommonTail) {
  const TestAuthority old_root = test::make_test_root("Old Root");
  const TestAuthority cross = cross_of_issuing_root(old_root, kTestNow + 24h);
  const auto with_cross = [&](Seconds life) {
    return make_bundle(test::make_test_leaf(authorities().issuing, {.names = {"www.example.com"},
                                                                    .not_after = kTestNow + life}),
                       {authorities().issuing.certificate, cross.certificate});
  };
  const Bundle installed = with_cross(240h);
  EXPECT_EQ(verdict(make_spec(), with_cross(480h), &installed), "admitted");
  EXPECT_THAT(verdict(make_spec(), with_cross(200h), &installed), StartsWith("later end: "));
}

Bundle chain_of(std::size_t count, const std::vector<std::string>& extensions = {}) {
  TestAuthority issuer = authorities().root;
  std::vector<Certificate> chain;
  for (std::size_t i = 1; i < count; ++i) {
    issuer = test::make_test_certificate(
        &issuer,
        {.common_name = "CA " + std::to_string(i), .is_ca = true, .extensions = extensions});
    chain.push_back(issuer.certificate);
  }
  return make_bundle(test::make_test_leaf(issuer, {.names = {"www.example.com"}}), chain);
}

TEST(Gate, RefusesWhatClientsDoNotTakeForItsSize) {
  EXPECT_EQ(verdict(make_spec(), chain_of(10)), "admitted");
  EXPECT_EQ(verdict(make_spec(), chain_of(11)),
            "size: the chain has 11 certificates, and clients take at most 10");
  const std::vector<std::string> large{"1.2.3.4.5=ASN1:UTF8String:" + std::string(8800, 'x')};
  EXPECT_EQ(verdict(make_spec(), chain_of(4, large)), "admitted");
  EXPECT_THAT(verdict(make_spec(), chain_of(5, large)), StartsWith("size: the chain has 3"));
}

std::string trust_verdict(bool is_wanted, Trust trust, const config::SourceSpec& source,
                          Seconds life) {
  const Bundle installed = bundle_with({.not_after = kTestNow + 240h});
  const Bundle bundle = bundle_with({.not_after = kTestNow + life});
  config::CertificateSpec spec = make_spec();
  spec.source = source;
  const auto result = admit({.spec = spec,
                             .current = &installed,
                             .bundle = bundle,
                             .is_wanted = is_wanted,
                             .trust = trust},
                            kTestNow);
  return result ? "admitted" : result.error().message();
}

TEST(Gate, KeepsATrustedCertificateFromAnUntrustedOne) {
  constexpr Trust kLoses{.installed = true, .candidate = false};
  constexpr Trust kGains{.installed = false, .candidate = true};
  const config::SourceSpec scm = config::ScmSource{};
  const config::SourceSpec uploads =
      config::ScmSource{.certificate_id = {}, .uploads = config::Uploads::on};
  EXPECT_EQ(trust_verdict(false, kLoses, config::PcaSource{}, 480h), "admitted");
  EXPECT_THAT(trust_verdict(false, kLoses, scm, 480h),
              StartsWith("trust: it is of CN=Test Root, which this system does not trust"));
  EXPECT_THAT(trust_verdict(true, kLoses, scm, 480h), StartsWith("trust: "));
  EXPECT_EQ(trust_verdict(false, kLoses, uploads, 480h), "admitted");
  for (const bool both : {false, true}) {
    EXPECT_EQ(trust_verdict(false, {.installed = both, .candidate = both}, scm, 480h), "admitted");
  }
  // The way back: an operator asks, although the untrusted one ends later.
  EXPECT_THAT(trust_verdict(false, kGains, scm, 24h), StartsWith("later end: "));
  EXPECT_EQ(trust_verdict(true, kGains, scm, 24h), "admitted");
}

}  // namespace
}  // namespace ccm::policy
