// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "crypto/verification/path_search.h"
#include "crypto/verification/recent_paths.h"
#include "support/test_pki.h"

namespace ccm::crypto {
namespace {

using namespace std::chrono_literals;

TEST(RecentPaths, ASearchIsMadeOnceForTheSameQuestion) {
  const test::TestAuthority root =
      test::make_test_certificate(nullptr, {.common_name = "Root", .is_ca = true});
  const test::TestAuthority issuing =
      test::make_test_certificate(&root, {.common_name = "Issuing", .is_ca = true});
  const Certificate leaf =
      test::make_test_leaf(issuing, {.names = {"www.example.com"}}).certificate;
  const PathQuestion question{leaf, {issuing.certificate}, test::kTestNow};
  best_paths(question.leaf, question.others, question.now);
  EXPECT_FALSE(find_recent_paths(question)) << "nobody has asked for it";

  keep_recent_paths(2);
  const std::vector<Path> found = best_paths(question.leaf, question.others, question.now);
  const auto known = find_recent_paths(question);
  ASSERT_TRUE(known);
  ASSERT_EQ(known->size(), found.size());
  EXPECT_EQ(known->front().is_live, found.front().is_live);
  EXPECT_EQ(known->front().certificates.size(), 2U);
  // What was noted is what the next search returns.
  note_recent_paths(question, {Path{.certificates = {leaf}, .root = {}}});
  EXPECT_EQ(best_paths(question.leaf, question.others, question.now).front().certificates.size(),
            1U);

  PathQuestion later = question;
  later.now = test::kTestNow + 1s;
  EXPECT_FALSE(find_recent_paths(later));
  PathQuestion with_root = question;
  with_root.others.push_back(root.certificate);
  EXPECT_FALSE(find_recent_paths(with_root));
  for (const PathQuestion& other : {later, with_root}) {
    best_paths(other.leaf, other.others, other.now);
    EXPECT_TRUE(find_recent_paths(other));
  }
  EXPECT_FALSE(find_recent_paths(question)) << "too many others came";
}

}  // namespace
}  // namespace ccm::crypto
