// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/trial.h"
#include "support/denied_calls.h"

namespace ccm {
namespace {

void call_eventfd() {
  static_cast<void>(eventfd(0, EFD_CLOEXEC));
}

int answer() {
  return is_deadly(call_eventfd) ? 7 : 0;
}

TEST(Trial, OnlyAFilterThatKillsIsDeadly) {
  EXPECT_EQ(answer(), 0);
  EXPECT_EQ(test::in_child_without({{SYS_eventfd2, 0}}, answer), 7);
  EXPECT_EQ(test::in_child_without({{SYS_eventfd2, EPERM}}, answer), 0);
  EXPECT_EQ(test::in_child_without({{SYS_memfd_create, 0}}, answer), 0);
}

TEST(Trial, LeavesNoChildBehind) {
  EXPECT_EQ(test::in_child_without({{SYS_eventfd2, 0}},
                                   [] {
                                     answer();
                                     return waitpid(-1, nullptr, __WALL | WNOHANG) < 0 ? 7 : 0;
                                   }),
            7);
}

}  // namespace
}  // namespace ccm
