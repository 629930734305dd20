// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "crypto/certificate/ocsp.h"
#include "crypto/certificate/recent_checks.h"
#include "crypto/verification/client_verdict.h"
#include "crypto/verification/path_search.h"
#include "support/test_ocsp.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using namespace std::chrono_literals;

// As many of each kind as these tests need.
void keep_two() {
  static const bool is_done = [] {
    keep_recent_checks(2);
    return true;
  }();
  static_cast<void>(is_done);
}

struct RecentChecks : ::testing::Test {
  test::TestAuthority root =
      test::make_test_certificate(nullptr, {.common_name = "Root", .is_ca = true});
  test::TestAuthority issuing =
      test::make_test_certificate(&root, {.common_name = "Issuing", .is_ca = true});
  Certificate leaf = test::make_test_leaf(issuing, {.names = {"www.example.com"}}).certificate;
};

TEST_F(RecentChecks, ASearchIsMadeOnceForTheSameQuestion) {
  keep_two();
  const PathQuestion question{leaf, {issuing.certificate}, test::kTestNow};
  EXPECT_FALSE(find_recent(question));
  const std::vector<Path> found = best_paths(question.leaf, question.others, question.now);
  const auto known = find_recent(question);
  ASSERT_TRUE(known);
  ASSERT_EQ(known->size(), found.size());
  EXPECT_EQ(known->front().is_live, found.front().is_live);
  EXPECT_EQ(known->front().certificates.size(), 2U);
  // What was noted is what the next search returns.
  note_recent(question, {Path{.certificates = {leaf}, .root = {}}});
  EXPECT_EQ(best_paths(question.leaf, question.others, question.now).front().certificates.size(),
            1U);

  PathQuestion later = question;
  later.now = test::kTestNow + 1s;
  EXPECT_FALSE(find_recent(later));
  PathQuestion with_root = question;
  with_root.others.push_back(root.certificate);
  EXPECT_FALSE(find_recent(with_root));
  for (const PathQuestion& other : {later, with_root}) {
    best_paths(other.leaf, other.others, other.now);
    EXPECT_TRUE(find_recent(other));
  }
  EXPECT_FALSE(find_recent(question)) << "too many others came";
}

TEST_F(RecentChecks, ASignatureIsVerifiedOnce) {
  keep_two();
  const SignatureQuestion question{leaf, issuing.certificate};
  EXPECT_FALSE(was_good(question));
  EXPECT_TRUE(leaf.is_issued_by(issuing.certificate));
  EXPECT_TRUE(was_good(question));
  EXPECT_TRUE(root.certificate.is_self_signed());
  EXPECT_TRUE(was_good(SignatureQuestion{root.certificate, root.certificate}));

  // Of the same name, and with another key.
  const test::TestAuthority twin =
      test::make_test_certificate(&root, {.common_name = "Issuing", .is_ca = true});
  const SignatureQuestion of_twin{leaf, twin.certificate};
  EXPECT_FALSE(leaf.is_issued_by(twin.certificate));
  EXPECT_FALSE(was_good(of_twin)) << "a no is not kept";
  // What was noted is not verified again.
  note_good(of_twin);
  EXPECT_TRUE(leaf.is_issued_by(twin.certificate));
}

TEST_F(RecentChecks, WhatIsUsedStaysWhileOthersCome) {
  keep_two();
  const SignatureQuestion of_authority{issuing.certificate, root.certificate};
  EXPECT_TRUE(issuing.certificate.is_issued_by(root.certificate));
  for (const char* name : {"a.example", "b.example", "c.example"}) {
    const Certificate other = test::make_test_leaf(issuing, {.names = {name}}).certificate;
    EXPECT_TRUE(other.is_issued_by(issuing.certificate));
    EXPECT_TRUE(was_good(of_authority)) << name;
  }
}

TEST_F(RecentChecks, AClientIsAskedOnceForTheSameMoment) {
  keep_two();
  const VerdictQuestion question{{leaf, issuing.certificate}, std::nullopt, test::kTestNow};
  EXPECT_FALSE(was_good(question));
  EXPECT_TRUE(verify_as_client(question.path, question.root, question.now));
  EXPECT_TRUE(was_good(question));
  VerdictQuestion below_root = question;
  below_root.root = root.certificate;
  EXPECT_FALSE(was_good(below_root));

  const VerdictQuestion later{question.path, std::nullopt, leaf.not_after() + 1s};
  EXPECT_FALSE(verify_as_client(later.path, later.root, later.now));
  EXPECT_FALSE(was_good(later)) << "a no is not kept";
  note_good(later);
  EXPECT_TRUE(verify_as_client(later.path, later.root, later.now));
}

TEST_F(RecentChecks, AResponseIsVerifiedOnceForTheSameMoment) {
  keep_two();
  const auto judge = [&](const ResponseQuestion& question) {
    return judge_ocsp_response(question.response, leaf, question.issuer, question.now);
  };
  const ResponseQuestion question{test::make_test_response(leaf, issuing, {}), issuing.certificate,
                                  test::kTestNow};
  EXPECT_FALSE(was_good(question));
  EXPECT_TRUE(judge(question));
  EXPECT_TRUE(was_good(question));
  ResponseQuestion later = question;
  later.now += 1s;
  EXPECT_FALSE(was_good(later));

  ResponseQuestion forged = question;
  forged.response.back() ^= std::byte{1};
  EXPECT_FALSE(judge(forged));
  EXPECT_FALSE(was_good(forged)) << "a no is not kept";
}

}  // namespace
}  // namespace ccm::crypto
