// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>

#include "crypto/certificate/chain.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using test::kTestDay;
using test::kTestNow;
using testing::HasSubstr;

using Certificates = std::vector<Certificate>;

std::vector<std::string> fingerprints(const Certificates& certificates) {
  std::vector<std::string> out;
  for (const Certificate& certificate : certificates) out.push_back(certificate.fingerprint());
  return out;
}

class Chain : public testing::Test {
 protected:
  const test::TestAuthority root_ = test::make_test_root("Root");
  const test::TestAuthority upper_ = test::make_test_intermediate(root_, "Upper");
  const test::TestAuthority lower_ = test::make_test_intermediate(upper_, "Lower");
  const test::TestCertificate leaf_ = test::make_test_leaf(lower_, {.names = {"www.example.com"}});
  const Certificates path_{leaf_.certificate, lower_.certificate, upper_.certificate};

  static void expect_order(const Certificates& bag, const KeyPair* key,
                           const Certificates& wanted) {
    const Result<Certificates> ordered = order_chain(bag, key);
    ASSERT_TRUE(ordered) << ordered.error().message();
    EXPECT_EQ(fingerprints(*ordered), fingerprints(wanted));
  }

  static std::string problem_of(const Certificates& bag, const KeyPair* key) {
    const Result<Certificates> ordered = order_chain(bag, key);
    EXPECT_FALSE(ordered);
    if (ordered) return {};
    EXPECT_EQ(ordered.error().kind(), ErrorKind::rejected);
    return ordered.error().message();
  }
};

TEST_F(Chain, EveryOrderWithAndWithoutRootAndKeyBecomesTheSame) {
  std::vector<std::size_t> order{0, 1, 2, 3};
  const Certificates all{leaf_.certificate, lower_.certificate, upper_.certificate,
                         root_.certificate};
  do {
    Certificates bag;
    for (const std::size_t i : order) bag.push_back(all[i]);
    expect_order(bag, &leaf_.key, path_);
    expect_order(bag, nullptr, path_);
    std::erase_if(bag, [](const Certificate& c) { return c.is_self_signed(); });
    expect_order(bag, nullptr, path_);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(Chain, DuplicatesAreDropped) {
  Certificates bag = path_;
  // Parsed a second time: equal, not the same object.
  bag.push_back(Certificate::parse_der(lower_.certificate.to_der()).value());
  bag.insert(bag.begin(), Certificate::parse_der(leaf_.certificate.to_der()).value());
  expect_order(bag, &leaf_.key, path_);
  expect_order(bag, nullptr, path_);
}

TEST_F(Chain, WhatDoesNotBelongIsDropped) {
  const auto stranger = test::make_test_root("Stranger");
  const auto same_name = test::make_test_intermediate(stranger, "Lower");
  Certificates bag{same_name.certificate, stranger.certificate};
  bag.insert(bag.end(), path_.begin(), path_.end());
  expect_order(bag, &leaf_.key, path_);
  expect_order(bag, nullptr, path_);
}

TEST_F(Chain, AMissingIntermediateEndsThePath) {
  expect_order({upper_.certificate, leaf_.certificate, root_.certificate}, &leaf_.key,
               {leaf_.certificate});
  expect_order({leaf_.certificate, lower_.certificate, root_.certificate}, nullptr,
               {leaf_.certificate, lower_.certificate});
}

TEST_F(Chain, ALeafAlone) {
  expect_order({leaf_.certificate}, nullptr, {leaf_.certificate});
  const auto alone = test::make_test_self_signed({.names = {"a.example"}});
  expect_order({alone.certificate}, nullptr, {alone.certificate});
  expect_order({alone.certificate}, &alone.key, {alone.certificate});
}

TEST_F(Chain, ALeafDirectlyBelowTheRoot) {
  const auto leaf = test::make_test_leaf(root_, {.names = {"a.example"}});
  expect_order({root_.certificate, leaf.certificate}, nullptr, {leaf.certificate});
}

// One authority key, certified by two roots.
TEST_F(Chain, OfCrossSignedIntermediatesTheOneBelowTheRootThatCameAlongIsServed) {
  const auto other_root = test::make_test_root("Other Root");
  const auto cross = [&](const test::TestAuthority& issuer, int days) {
    return test::make_test_certificate(&issuer, {.common_name = "Lower",
                                                 .not_after = kTestNow + days * kTestDay,
                                                 .key = lower_.key,
                                                 .is_ca = true})
        .certificate;
  };
  const Certificate shorter = cross(root_, 100);
  const Certificate longer = cross(other_root, 200);
  expect_order({leaf_.certificate, longer, shorter, root_.certificate}, &leaf_.key,
               {leaf_.certificate, shorter});
  expect_order({longer, shorter, leaf_.certificate, other_root.certificate}, nullptr,
               {leaf_.certificate, longer});
  // Nothing tells which of them the clients need: they get both.
  expect_order({longer, shorter, leaf_.certificate}, nullptr, {leaf_.certificate, longer, shorter});
  expect_order({shorter, leaf_.certificate, longer}, nullptr, {leaf_.certificate, shorter, longer});
}

// A new root that is also certified by an old one: its cross certificate is served, not the root.
TEST_F(Chain, ACrossSignedRootIsServedInPlaceOfTheRoot) {
  const auto old_root = test::make_test_root("Old Root");
  const Certificate cross = test::make_test_certificate(
                                &old_root, {.common_name = "Root", .key = root_.key, .is_ca = true})
                                .certificate;
  Certificates wanted = path_;
  wanted.push_back(cross);
  Certificates bag = wanted;
  bag.push_back(root_.certificate);
  bag.push_back(old_root.certificate);
  expect_order(bag, &leaf_.key, wanted);
}

TEST_F(Chain, TwoAuthoritiesThatCertifyEachOtherDoNotLoop) {
  const Certificate back = test::make_test_certificate(
                               &lower_, {.common_name = "Upper", .key = upper_.key, .is_ca = true})
                               .certificate;
  const Result<Certificates> ordered =
      order_chain({leaf_.certificate, lower_.certificate, back}, &leaf_.key);
  ASSERT_TRUE(ordered);
  EXPECT_EQ(fingerprints(*ordered), fingerprints({leaf_.certificate, lower_.certificate, back}));
}

TEST_F(Chain, OnlyAuthoritiesIssue) {
  const auto usurper = test::make_test_leaf(lower_, {.common_name = "Usurper"});
  const auto victim = test::make_test_leaf(usurper, {.names = {"a.example"}});
  ASSERT_TRUE(victim.certificate.is_issued_by(usurper.certificate));
  expect_order({victim.certificate, usurper.certificate}, &victim.key, {victim.certificate});
}

TEST_F(Chain, TheKeyChoosesAmongLeaves) {
  const auto other = test::make_test_leaf(lower_, {.names = {"other.example.com"}});
  const Certificates bag{other.certificate, leaf_.certificate, lower_.certificate};
  expect_order(bag, &leaf_.key, {leaf_.certificate, lower_.certificate});
  expect_order(bag, &other.key, {other.certificate, lower_.certificate});
  EXPECT_THAT(problem_of(bag, nullptr), HasSubstr("2 server certificates"));
}

TEST_F(Chain, OfARenewalWithTheSameKeyTheNewerIsTheLeaf) {
  const auto newer = test::make_test_leaf(
      lower_,
      {.names = {"www.example.com"}, .not_after = kTestNow + 200 * kTestDay, .key = leaf_.key});
  expect_order({leaf_.certificate, newer.certificate, lower_.certificate}, &leaf_.key,
               {newer.certificate, lower_.certificate});
}

TEST_F(Chain, WithoutALeafItIsRejected) {
  const KeyPair stranger = test::make_test_key();
  EXPECT_THAT(problem_of({}, nullptr), HasSubstr("no certificate"));
  EXPECT_THAT(problem_of({leaf_.certificate}, &stranger),
              HasSubstr("does not fit the certificate of CN=www"));
  EXPECT_THAT(problem_of(path_, &stranger), HasSubstr("fits none of the 3"));
  const Certificate back = test::make_test_certificate(
                               &lower_, {.common_name = "Upper", .key = upper_.key, .is_ca = true})
                               .certificate;
  EXPECT_THAT(problem_of({lower_.certificate, back}, nullptr), HasSubstr("no server certificate"));
}

TEST_F(Chain, ABagTooLargeIsRejected) {
  Certificates bag = path_;
  for (int i = 0; i < 300; ++i) {
    bag.push_back(test::make_test_self_signed({.common_name = std::to_string(i)}).certificate);
  }
  EXPECT_THAT(problem_of(bag, &leaf_.key), HasSubstr("more than 256 different certificates"));
}

// Paths that a client cannot use at the given time.
class ChainNow : public Chain {
 protected:
  test::TestAuthority other_root_ = test::make_test_root("Other Root");

  // Another certificate of the root's key.
  test::TestAuthority cross(test::TestCertificateOptions options) const {
    options.common_name = "Root";
    options.key = root_.key;
    options.is_ca = true;
    return test::make_test_certificate(&other_root_, options);
  }
  Ordered ordered(Certificates others) const {
    others.insert(others.begin(), {leaf_.certificate, lower_.certificate, upper_.certificate});
    return order(std::move(others), &leaf_.key, kTestNow).value();
  }
};

TEST_F(ChainNow, ATailThatClientsCannotUseIsDropped) {
  const std::vector<test::TestCertificateOptions> kinds{
      {.not_after = kTestNow}, {.not_before = kTestNow + Seconds(1)}, {.digest = "SHA1"}};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const Certificate tail = cross(kinds[i]).certificate;
    const std::vector<Certificates> beside{{tail},
                                           {tail, other_root_.certificate},
                                           {tail, root_.certificate},
                                           {other_root_.certificate, tail, root_.certificate}};
    for (const Certificates& heap : beside) {
      const Ordered result = ordered(heap);
      EXPECT_EQ(fingerprints(result.chain), fingerprints(path_)) << i;
      EXPECT_TRUE(result.path.is_live && result.path.is_cut) << i;
      EXPECT_FALSE(result.dropped.empty()) << i;
    }
  }
}

// It may be what every client has to go through, unless the root below it came along.
TEST_F(ChainNow, ATailThatLimitsThePathIsDroppedOnlyWhenTheRootShowsAWayAround) {
  const std::vector<test::TestCertificateOptions> kinds{
      {.extensions = {"1.2.3.4.5=critical,ASN1:NULL"}},
      {.key_usage = "critical,cRLSign"},
      {.basic_constraints = "critical,CA:TRUE,pathlen:0"},
      {.extensions = {"nameConstraints=critical,permitted;DNS:example.net"}}};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const Certificate tail = cross(kinds[i]).certificate;
    EXPECT_FALSE(ordered({tail}).path.is_live) << i;
    EXPECT_EQ(ordered({tail}).chain.size(), 4u) << i;
    EXPECT_EQ(fingerprints(ordered({tail, root_.certificate}).chain), fingerprints(path_)) << i;
  }
}

TEST_F(ChainNow, AGoodTailStays) {
  const Certificate tail = cross({}).certificate;
  const Ordered result = ordered({tail});
  EXPECT_EQ(result.chain.size(), 4u);
  EXPECT_TRUE(result.dropped.empty());
  EXPECT_EQ(result.path.end(), tail.not_after());
}

TEST_F(ChainNow, OfTwoWaysTheOneThatEndsWellIsServed) {
  const auto policy = test::make_test_certificate(
      &other_root_, {.common_name = "Old Policy", .not_after = kTestNow, .is_ca = true});
  const auto again = [&](const test::TestAuthority& issuer, Time not_before) {
    return test::make_test_certificate(&issuer, {.common_name = "Lower",
                                                 .not_before = not_before,
                                                 .not_after = kTestNow + 300 * kTestDay,
                                                 .key = lower_.key,
                                                 .is_ca = true})
        .certificate;
  };
  const Certificate below_dead = again(policy, kTestNow - kTestDay);
  const Certificate tomorrow = again(other_root_, kTestNow + kTestDay);
  for (const Certificate& odd : {below_dead, tomorrow}) {
    for (const bool is_first : {false, true}) {
      Certificates heap{leaf_.certificate, lower_.certificate, upper_.certificate,
                        policy.certificate};
      heap.insert(is_first ? heap.begin() : heap.end(), odd);
      const Ordered result = order(heap, &leaf_.key, kTestNow).value();
      EXPECT_EQ(fingerprints(result.chain), fingerprints(path_)) << is_first;
    }
  }
}

TEST_F(ChainNow, ARootThatIsOverShowsNoWay) {
  const auto over = test::make_test_certificate(
      nullptr, {.common_name = "Over", .not_after = kTestNow, .is_ca = true});
  const Certificate below_it =
      test::make_test_certificate(&over, {.common_name = "Lower", .key = lower_.key, .is_ca = true})
          .certificate;
  for (const bool is_first : {false, true}) {
    Certificates heap{leaf_.certificate, lower_.certificate, upper_.certificate, over.certificate};
    heap.insert(is_first ? heap.begin() : heap.end(), below_it);
    EXPECT_EQ(fingerprints(order(heap, &leaf_.key, kTestNow)->chain), fingerprints(path_));
  }
}

TEST_F(ChainNow, WhenNoWayIsUsableOneIsReturnedForTheVerdict) {
  const auto expired = test::make_test_certificate(
      &root_, {.common_name = "Expired", .not_after = kTestNow, .is_ca = true});
  const auto leaf = test::make_test_leaf(expired, {.names = {"a.example"}});
  const Ordered result =
      order({leaf.certificate, expired.certificate, root_.certificate}, &leaf.key, kTestNow)
          .value();
  EXPECT_EQ(result.chain.size(), 2u);
  EXPECT_FALSE(result.path.is_live);
}

// Its answers about the leaf are judged with it.
TEST_F(ChainNow, TheRootRightAboveALeafWithAResponderIsServed) {
  const auto leaf = test::make_test_leaf(
      root_, {.names = {"a.example"}, .ocsp_url = "http://127.0.0.1:1/", .must_staple = true});
  const Certificates both{leaf.certificate, root_.certificate};
  EXPECT_EQ(fingerprints(order(both, &leaf.key, kTestNow)->chain), fingerprints(both));
}

// Every authority certified every other one.
TEST_F(ChainNow, AHeapOfCrossesIsNoEndlessWork) {
  std::vector<test::TestAuthority> authorities;
  for (int i = 0; i < 12; ++i) {
    authorities.push_back(test::make_test_intermediate(root_, "Mutual " + std::to_string(i)));
  }
  Certificates heap;
  for (const auto& subject : authorities) {
    for (const auto& issuer : authorities) {
      if (&subject == &issuer) continue;
      heap.push_back(
          test::make_test_certificate(
              &issuer, {.common_name = "Mutual " + std::to_string(&subject - authorities.data()),
                        .key = subject.key,
                        .is_ca = true})
              .certificate);
    }
  }
  const auto leaf = test::make_test_leaf(authorities.front(), {.names = {"a.example"}});
  heap.push_back(leaf.certificate);
  const Result<Ordered> result = order(heap, &leaf.key, kTestNow);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_LE(result->path.certificates.size(), 20u);
}

}  // namespace
}  // namespace ccm::crypto
