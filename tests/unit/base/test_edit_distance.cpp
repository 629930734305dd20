// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/edit_distance.h"

namespace ccm {
namespace {

TEST(EditDistance, CountsWhatHasToChange) {
  EXPECT_EQ(edit_distance("status", "status"), 0U);
  EXPECT_EQ(edit_distance("status", "STATUS"), 0U);
  EXPECT_EQ(edit_distance("status", "statsu"), 2U);
  EXPECT_EQ(edit_distance("renew", "renews"), 1U);
  EXPECT_EQ(edit_distance("", "list"), 4U);
  EXPECT_EQ(edit_distance("list", ""), 4U);
}

}  // namespace
}  // namespace ccm
