// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cloud/identity/lockout.h"

namespace ccm::cloud {
namespace {

TEST(MemoryLockoutGuard, StopsAfterTwoRefusalsInARow) {
  MemoryLockoutGuard guard;
  EXPECT_TRUE(guard.may_try("a"));
  guard.refused("a", "wrong key");
  EXPECT_TRUE(guard.may_try("a"));
  guard.refused("a", "wrong key again");
  const auto may = guard.may_try("a");
  ASSERT_FALSE(may);
  EXPECT_EQ(may.error().kind(), ErrorKind::unauthorized);
  EXPECT_NE(may.error().message().find("wrong key again"), std::string::npos);
  EXPECT_TRUE(guard.may_try("b")) << "other credentials are another matter";
}

TEST(MemoryLockoutGuard, AcceptanceStartsTheCountAnew) {
  MemoryLockoutGuard guard;
  for (int i = 0; i < 5; ++i) {
    guard.refused("a", "no");
    guard.accepted("a");
  }
  guard.refused("a", "no");
  EXPECT_TRUE(guard.may_try("a"));
}

}  // namespace
}  // namespace ccm::cloud
