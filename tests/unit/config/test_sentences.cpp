// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "config/sentences.h"

namespace ccm::config {
namespace {

TEST(Sentences, QuotesEscapeAndCut) {
  EXPECT_EQ(in_quotes("a\nb"), "\"a\\x0ab\"");
  EXPECT_EQ(in_quotes(std::string(500, 'x')).size(), 120U + 5U);
}

TEST(Sentences, PlaceIsNamedWhenKnown) {
  EXPECT_EQ(at("wrong", {"f", 3}), "wrong in f:3");
  EXPECT_EQ(at("wrong", {}), "wrong");
}

}  // namespace
}  // namespace ccm::config
