#include <gmock/gmock.h>

#include <algorithm>

#include "crypto/chain.h"
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

// One authority key, certified by two roots; the longer-lived certificate is served.
TEST_F(Chain, OfCrossSignedIntermediatesOneIsServed) {
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
  const Certificates wanted{leaf_.certificate, longer};
  expect_order({leaf_.certificate, shorter, longer, root_.certificate}, &leaf_.key, wanted);
  expect_order({longer, shorter, leaf_.certificate}, nullptr, wanted);
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
  for (int i = 0; i < 40; ++i) {
    bag.push_back(test::make_test_self_signed({.common_name = std::to_string(i)}).certificate);
  }
  EXPECT_THAT(problem_of(bag, &leaf_.key), HasSubstr("more than a chain has"));
}

}  // namespace
}  // namespace ccm::crypto
