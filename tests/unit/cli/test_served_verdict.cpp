// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/survey/served_verdict.h"
#include "crypto/certificate/placeholder.h"
#include "support/test_ocsp.h"
#include "support/test_pki.h"

namespace ccm::cli {
namespace {

using crypto::Probe;
using crypto::ProbeOutcome;
using test::kTestDay;
using test::kTestNow;
using testing::HasSubstr;

class ServedVerdictTest : public testing::Test {
 protected:
  ServedVerdictTest()
      : root_(test::make_test_root()), issuer_(test::make_test_intermediate(root_)) {
    store_leaf({.names = {"www.example.com"}, .not_after = kTestNow + 62 * kTestDay});
  }

  store::StoredCertificate stored_of(const test::TestCertificate& leaf) const {
    auto bundle = crypto::Bundle::restore({leaf.certificate, issuer_.certificate}, leaf.key);
    return {.bundle = *std::move(bundle),
            .info = {.number = 5,
                     .installed_at = kTestNow - kTestDay,
                     .not_before = leaf.certificate.not_before(),
                     .not_after = leaf.certificate.not_after(),
                     .fingerprint = leaf.certificate.fingerprint(),
                     .serial = leaf.certificate.serial(),
                     .origin = "pca:x"}};
  }
  // The store has it and the server shows it.
  void store_leaf(test::TestCertificateOptions options) {
    options.not_before = kTestNow - 30 * kTestDay;
    leaf_ = test::make_test_leaf(issuer_, std::move(options));
    stored_ = stored_of(*leaf_);
    probe_ = shown({leaf_->certificate, issuer_.certificate});
  }
  static Probe shown(std::vector<crypto::Certificate> chain) {
    Probe probe;
    probe.outcome = ProbeOutcome::shown;
    probe.chain = std::move(chain);
    return probe;
  }
  ServedVerdict verdict() const {
    return judge(
        probe_,
        {.stored = stored_ ? &stored_->info : nullptr,
         .has_response = stored_ && !stored_->ocsp_response.empty(),
         .load = [this] { return read_     ? &*read_
                                 : stored_ ? &*stored_
                                           : nullptr; },
         .server_name = name_,
         .limits = limits_,
         .now = now_,
         .is_trusted = [this](const auto& chain) { return is_public_ && chain.size() > 1; }});
  }
  void expect(Level level, const std::string& words) const {
    const ServedVerdict given = verdict();
    EXPECT_EQ(word_of(given.level), word_of(level)) << given.sentence;
    EXPECT_THAT(given.sentence, HasSubstr(words));
  }

  test::TestAuthority root_;
  test::TestAuthority issuer_;
  std::optional<test::TestCertificate> leaf_;
  std::optional<store::StoredCertificate> stored_;
  std::optional<store::StoredCertificate> read_;  // when it is another by then
  Probe probe_;
  std::string name_ = "www.example.com";
  LimitOptions limits_;
  Time now_ = kTestNow;
  bool is_public_ = false;
};

TEST_F(ServedVerdictTest, WhatIsStoredIsFine) {
  expect(Level::ok, "shows serial " + leaf_->certificate.serial() + ", which ends in 62 d");
  const ServedVerdict given = verdict();
  EXPECT_EQ(given.left, 62 * kTestDay);
  EXPECT_TRUE(given.is_for_name);
  EXPECT_EQ(given.fingerprint, leaf_->certificate.fingerprint());
}

TEST_F(ServedVerdictTest, TheEndComesNearer) {
  now_ = leaf_->certificate.not_after() - 20 * kTestDay - Seconds(1);
  expect(Level::ok, "");
  now_ += Seconds(1);
  expect(Level::warning, "shows a certificate that ends in 20 d");
  now_ = leaf_->certificate.not_after() - 7 * kTestDay;
  expect(Level::critical, "ends in 7 d");
  limits_ = {.warning = 3 * kTestDay, .critical = kTestDay};
  expect(Level::ok, "");
  now_ = leaf_->certificate.not_after();
  expect(Level::critical, "ended at");
  now_ = leaf_->certificate.not_before() - Seconds(1);
  expect(Level::critical, "not valid before");
}

TEST_F(ServedVerdictTest, AnIssuerThatEndsFirstCounts) {
  test::TestCertificateOptions early{.common_name = "Early", .names = {}, .is_ca = true};
  early.not_after = kTestNow + 5 * kTestDay;
  early.extended_key_usage = {};
  issuer_ = test::make_test_certificate(&root_, early);
  store_leaf({.names = {"www.example.com"}, .not_after = kTestNow + 62 * kTestDay});
  expect(Level::critical, "ends in 5 d");
}

TEST_F(ServedVerdictTest, APlaceholderIsRecognised) {
  const auto placeholder =
      crypto::make_placeholder(test::make_test_key(), {"www.example.com"}, kTestNow);
  ASSERT_TRUE(placeholder);
  probe_ = shown(placeholder->chain());
  expect(Level::critical,
         "shows its placeholder instead of a certificate; the store has version 5");
  stored_.reset();
  expect(Level::critical, "the store has no certificate yet");
}

TEST_F(ServedVerdictTest, AnotherVersionIsADifference) {
  const auto old = test::make_test_leaf(issuer_, {.names = {"www.example.com"}});
  probe_ = shown({old.certificate, issuer_.certificate});
  expect(Level::critical, "shows serial " + old.certificate.serial());
  expect(Level::critical, "but the store has version 5 with serial " + leaf_->certificate.serial());
  // A moment after the new one came, servers are about to have it.
  stored_->info.installed_at = kTestNow - Seconds(9);
  expect(Level::ok, "shows serial " + old.certificate.serial());
  stored_->info.installed_at = kTestNow - Seconds(10);
  expect(Level::critical, "but the store has version 5");
  stored_.reset();
  expect(Level::critical, "but the store has no certificate yet");
}

TEST_F(ServedVerdictTest, ItMustBeForTheName) {
  name_ = "api.example.com";
  expect(Level::critical,
         "shows a certificate that is not for api.example.com but for www.example.com");
  EXPECT_FALSE(verdict().is_for_name);
}

TEST_F(ServedVerdictTest, TheChainIsTheStoredOne) {
  probe_ = shown({leaf_->certificate});
  expect(Level::warning, "in a chain of 1, but the store has 2");
  is_public_ = true;
  expect(Level::critical, "this system does not trust it so");
  const auto twin = test::make_test_intermediate(root_);
  probe_ = shown({leaf_->certificate, twin.certificate});
  expect(Level::warning, "with other issuers");
}

// `stored_` was looked up before the handshake, and the rest is read after it.
TEST_F(ServedVerdictTest, ARenewalMeanwhileIsNoDifference) {
  const auto other = test::make_test_intermediate(root_);
  const auto successor = test::make_test_leaf(other, {.names = {"www.example.com"}});
  auto bundle = crypto::Bundle::restore({successor.certificate, other.certificate}, successor.key);
  read_ = {.bundle = *std::move(bundle),
           .info = {.number = 6,
                    .fingerprint = successor.certificate.fingerprint(),
                    .serial = successor.certificate.serial(),
                    .origin = "pca:x"},
           .ocsp_response = test::make_test_response(successor.certificate, other)};
  stored_->ocsp_response = test::make_test_response(leaf_->certificate, issuer_);
  expect(Level::ok, "shows serial " + leaf_->certificate.serial());
  probe_ = shown({leaf_->certificate});
  probe_.ocsp_response = stored_->ocsp_response;
  expect(Level::ok, "shows serial " + leaf_->certificate.serial());
  read_.reset();
  expect(Level::warning, "in a chain of 1, but the store has 2");
}

TEST_F(ServedVerdictTest, WhatIsWorseIsSaidFirst) {
  probe_ = shown({leaf_->certificate});
  now_ = leaf_->certificate.not_after() - kTestDay;
  expect(Level::critical, "ends in");
}

TEST_F(ServedVerdictTest, AStapleThatTheStoreHasIsStapled) {
  stored_->ocsp_response = test::make_test_response(leaf_->certificate, issuer_);
  expect(Level::warning, "staples no OCSP response, although the store has one");
  probe_.ocsp_response = stored_->ocsp_response;
  expect(Level::ok, "");
  probe_.ocsp_response =
      test::make_test_response(leaf_->certificate, issuer_, {.next_update = kTestNow - Seconds(1)});
  expect(Level::critical, "staples an OCSP response that clients refuse");
  probe_.ocsp_response = test::make_test_response(leaf_->certificate, issuer_,
                                                  {.status = crypto::OcspStatus::revoked});
  expect(Level::critical, "that says: revoked");
}

TEST_F(ServedVerdictTest, ADemandedStapleIsMissed) {
  store_leaf({.names = {"www.example.com"}, .must_staple = true});
  expect(Level::critical, "which the certificate demands");
}

TEST_F(ServedVerdictTest, NoHandshakeIsCritical) {
  const auto problem = [this](ProbeOutcome outcome, const char* text) {
    probe_ = {};
    probe_.outcome = outcome;
    probe_.problem = text;
  };
  problem(ProbeOutcome::unreachable, "Connection refused");
  expect(Level::critical, "cannot be reached: Connection refused");
  EXPECT_EQ(verdict().left, std::nullopt);
  problem(ProbeOutcome::silent, "no answer in time");
  expect(Level::critical, "does not answer: no answer in time");
  problem(ProbeOutcome::no_tls, "wrong version number");
  expect(Level::critical, "does not answer with TLS");
  problem(ProbeOutcome::refused, "alert handshake failure");
  expect(Level::critical, "refuses the handshake (alert handshake failure); the store has version");
  probe_ = shown({});
  expect(Level::critical, "shows no certificate");
}

TEST(ServedLimits, AreSharesOfAShortLife) {
  EXPECT_EQ(limits_for({}, 90 * kTestDay).warning, 20 * kTestDay);
  EXPECT_EQ(limits_for({}, 365 * kTestDay).critical, 7 * kTestDay);
  EXPECT_EQ(limits_for({}, 45 * kTestDay).warning, 10 * kTestDay);
  EXPECT_EQ(limits_for({.warning = 20 * kTestDay}, kTestDay).warning, 20 * kTestDay);
  EXPECT_EQ(limits_for({}, Seconds(-1)).warning, Seconds(0));
}

TEST(ServedLimits, LevelsHaveAnOrder) {
  EXPECT_EQ(worse(Level::critical, Level::unknown), Level::critical);
  EXPECT_EQ(worse(Level::warning, Level::unknown), Level::unknown);
  EXPECT_EQ(worse(Level::ok, Level::warning), Level::warning);
  EXPECT_EQ(static_cast<int>(Level::unknown), 3);
}

TEST(ServedLimits, DurationsAreShort) {
  EXPECT_EQ(short_duration(62 * kTestDay + Seconds(5)), "62 d");
  EXPECT_EQ(short_duration(Seconds(86400)), "24 h");
  EXPECT_EQ(short_duration(Seconds(3600)), "60 min");
  EXPECT_EQ(short_duration(Seconds(0)), "over");
}

}  // namespace
}  // namespace ccm::cli
