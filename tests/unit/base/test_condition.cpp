// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/condition.h"

namespace ccm {
namespace {

// Scripts and alert rules know the words.
TEST(Condition, EachHasAWordOfItsOwn) {
  EXPECT_EQ(word_of(Condition::expired), "expired");
  EXPECT_EQ(word_of(Condition::not_served), "not served");
  EXPECT_EQ(word_of(Condition::unknown), "unknown");
  EXPECT_EQ(word_of(Condition::valid), "valid");
  EXPECT_EQ(word_of(Condition::forgotten), "forgotten");
  std::set<std::string_view> words;
  for (const Condition condition : kConditions) words.insert(word_of(condition));
  EXPECT_EQ(words.size(), kConditions.size());
}

TEST(Condition, TheWorstComesFirst) {
  EXPECT_TRUE(std::is_sorted(kConditions.begin(), kConditions.end()));
  EXPECT_EQ(kConditions.back(), Condition::valid);
}

}  // namespace
}  // namespace ccm
