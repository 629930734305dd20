// SPDX-License-Identifier: Apache-2.0
// Whom the curl client trusts, against a TLS server that is not ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "cloud/transport/curl_client.h"
#include "crypto/certificate/pem.h"
#include "support/test_pki.h"
#include "tls_server.h"

namespace ccm::cloud {
namespace {

using testing::HasSubstr;

test::TestAuthority authority(std::string name) {
  const Time now = SystemClock().now();
  return test::make_test_certificate(nullptr, {.common_name = std::move(name),
                                               .not_before = now - test::kTestDay,
                                               .not_after = now + test::kTestDay,
                                               .is_ca = true});
}

test::TestCertificate leaf(const test::TestAuthority& issuer, std::string name, Seconds age) {
  const Time now = SystemClock().now();
  return test::make_test_certificate(&issuer, {.names = {std::move(name)},
                                               .not_before = now - age,
                                               .not_after = now - age + test::kTestDay});
}

std::string pem(const test::TestCertificate& certificate) {
  return crypto::to_pem({certificate.certificate});
}

struct TlsContract : testing::Test {
  Result<HttpResponse> fetch(const test::TestCertificate& served,
                             std::optional<std::string> ca_pem) {
    const test::TlsServer server(pem(served), served.key_pem());
    EXPECT_NE(server.url(), "") << "openssl s_server did not start";
    const auto client = make_curl_client({.ca_pem = std::move(ca_pem), .proxy = {}});
    EXPECT_TRUE(client);
    return (*client)->send({.method = "GET", .url = server.url(), .headers = {}, .body = {}});
  }

  void expect_distrust(const Result<HttpResponse>& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::transient) << "it may be mended there";
    EXPECT_THAT(answer.error().message(), HasSubstr("ssl_trusted_certificate"));
    EXPECT_THAT(answer.error().message(), HasSubstr("127.0.0.1"));
  }

  const test::TestAuthority ours = authority("Ours");
  const test::TestAuthority other = authority("Other");
  const test::TestCertificate good = leaf(ours, "IP:127.0.0.1", Seconds(3600));
};

TEST_F(TlsContract, TheConfiguredAuthorityIsTrusted) {
  const auto answer = fetch(good, pem(ours));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_TRUE(fetch(good, pem(other) + pem(ours)));
}

// Blank lines inside a block, blocks glued together, text between them: curl alone trusts nothing
// then, and every call fails.
TEST_F(TlsContract, TheTrustFileMayLookAsItLikes) {
  std::string spread = pem(ours);
  spread.insert(spread.find('\n') + 1, "\n\n");
  EXPECT_TRUE(fetch(good, spread));
  std::string glued = "our authorities: " + pem(other);
  glued.pop_back();
  EXPECT_TRUE(fetch(good, glued + pem(ours)));
}

TEST_F(TlsContract, NoOtherAuthorityIs) {
  expect_distrust(fetch(good, pem(other)));
  expect_distrust(fetch(good, std::nullopt));
}

TEST_F(TlsContract, NorAnotherNameOrAnExpiredCertificate) {
  expect_distrust(fetch(leaf(ours, "other.example", Seconds(3600)), pem(ours)));
  expect_distrust(fetch(leaf(ours, "IP:127.0.0.1", 3 * test::kTestDay), pem(ours)));
}

TEST_F(TlsContract, OnlyForwardSecretCiphersAreOffered) {
  const Time now = SystemClock().now();
  const auto rsa = test::make_test_certificate(&ours, {.names = {"IP:127.0.0.1"},
                                                       .not_before = now - Seconds(3600),
                                                       .not_after = now + test::kTestDay,
                                                       .key_kind = "RSA-2048"});
  const auto fetch_with = [&](const std::string& ciphers) {
    const test::TlsServer server(pem(rsa), rsa.key_pem(), ciphers);
    EXPECT_NE(server.url(), "") << "openssl s_server did not start";
    const auto client = make_curl_client({.ca_pem = pem(ours), .proxy = {}});
    return (*client)->send({.method = "GET", .url = server.url(), .headers = {}, .body = {}});
  };
  EXPECT_TRUE(fetch_with("ECDHE-RSA-AES128-GCM-SHA256"));
  EXPECT_TRUE(fetch_with("DHE-RSA-AES256-GCM-SHA384"));
  EXPECT_FALSE(fetch_with("AES128-GCM-SHA256"));
  EXPECT_FALSE(fetch_with("AES256-SHA"));
}

TEST(TrustedCertificates, MustBeCertificates) {
  for (const auto* text :
       {"", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    const auto client = make_curl_client({.ca_pem = text, .proxy = {}});
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().kind(), ErrorKind::invalid);
  }
}

}  // namespace
}  // namespace ccm::cloud
