// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/sentences.h"

namespace ccm {
namespace {

TEST(Sentences, EnumerationStopsAtTheLimit) {
  EXPECT_EQ(enumerated({"a"}, 3), "a");
  EXPECT_EQ(enumerated({"a", "b"}, 3), "a, b");
  EXPECT_EQ(enumerated({"a", "b", "c"}, 3), "a, b, c");
  EXPECT_EQ(enumerated({"a", "b", "c", "d", "e"}, 3), "a, b, c and 2 more");
  EXPECT_EQ(enumerated({"a", "b", "c", "d"}, 2), "a, b and 2 more");
}

TEST(Sentences, ClosestFindsTypingErrorsOnly) {
  EXPECT_EQ(closest("renew_befor", {"region", "renew_before"}), "renew_before");
  EXPECT_EQ(closest("RENEW_BEFORE", {"region", "renew_before"}), "renew_before");
  EXPECT_EQ(closest("renew_before", {"region", "RENEW_BEFOR"}), "RENEW_BEFOR");
  EXPECT_EQ(closest("colour", {"region", "renew_before"}), "");
  EXPECT_EQ(closest(std::string(1000, 'a'), {"region"}), "");
}

}  // namespace
}  // namespace ccm
