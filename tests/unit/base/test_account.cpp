// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/account.h"
#include "support/denied_calls.h"

namespace ccm {
namespace {

struct stat secret_file(uid_t owner, mode_t mode) {
  struct stat facts {};
  facts.st_uid = owner;
  facts.st_mode = S_IFREG | mode;
  return facts;
}

TEST(Account, ASecretOfOursIsExposedByAnyRightOfOthers) {
  EXPECT_FALSE(is_exposed(secret_file(geteuid(), 0600)));
  EXPECT_FALSE(is_exposed(secret_file(geteuid(), 0400)));
  for (const mode_t mode : {0640U, 0620U, 0610U, 0604U, 0602U, 0644U}) {
    EXPECT_TRUE(is_exposed(secret_file(geteuid(), mode))) << mode;
  }
}

TEST(Account, RootCanCloseWhatBelongsToOthers) {
  if (geteuid() != 0) GTEST_SKIP() << "only root is root";
  EXPECT_TRUE(is_exposed(secret_file(1234, 0440)));
}

// As Kubernetes mounts a secret for a group (fsGroup).
TEST(Account, WhatBelongsToOthersIsReadThroughItsGroup) {
  constexpr uid_t kNobody = 65534;
  EXPECT_EQ(test::in_child_without({},
                                   [] {
                                     const uid_t other = geteuid() == 0 ? 0 : geteuid() + 1;
                                     if (geteuid() == 0 && setuid(kNobody) != 0) return 1;
                                     if (is_exposed(secret_file(other, 0440))) return 2;
                                     if (is_exposed(secret_file(other, 0640))) return 3;
                                     if (!is_exposed(secret_file(other, 0444))) return 4;
                                     if (!is_exposed(secret_file(other, 0460))) return 5;
                                     return is_exposed(secret_file(geteuid(), 0440)) ? 0 : 6;
                                   }),
            0);
}

}  // namespace
}  // namespace ccm
