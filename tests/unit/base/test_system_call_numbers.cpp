// SPDX-License-Identifier: Apache-2.0
// Our numbers against those of the headers at hand, as far as these know them.
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "base/system_call_numbers.h"

namespace ccm::calls {
namespace {

TEST(SystemCallNumbers, AreTheKernels) {
#ifdef SYS_io_uring_register
  EXPECT_EQ(kIoUringSetup, SYS_io_uring_setup);
  EXPECT_EQ(kIoUringEnter, SYS_io_uring_enter);
  EXPECT_EQ(kIoUringRegister, SYS_io_uring_register);
#endif
#ifdef SYS_fspick
  EXPECT_EQ(kOpenTree, SYS_open_tree);
  EXPECT_EQ(kMoveMount, SYS_move_mount);
  EXPECT_EQ(kFsopen, SYS_fsopen);
  EXPECT_EQ(kFsconfig, SYS_fsconfig);
  EXPECT_EQ(kFsmount, SYS_fsmount);
  EXPECT_EQ(kFspick, SYS_fspick);
#endif
#ifdef SYS_clone3
  EXPECT_EQ(kPidfdOpen, SYS_pidfd_open);
  EXPECT_EQ(kClone3, SYS_clone3);
#endif
#ifdef SYS_pidfd_getfd
  EXPECT_EQ(kOpenat2, SYS_openat2);
  EXPECT_EQ(kPidfdGetfd, SYS_pidfd_getfd);
#endif
#ifdef SYS_close_range
  EXPECT_EQ(kCloseRange, SYS_close_range);
#endif
#ifdef SYS_process_madvise
  EXPECT_EQ(kProcessMadvise, SYS_process_madvise);
#endif
#ifdef SYS_mount_setattr
  EXPECT_EQ(kMountSetattr, SYS_mount_setattr);
#endif
#ifdef SYS_landlock_restrict_self
  EXPECT_EQ(kLandlockCreateRuleset, SYS_landlock_create_ruleset);
  EXPECT_EQ(kLandlockAddRule, SYS_landlock_add_rule);
  EXPECT_EQ(kLandlockRestrictSelf, SYS_landlock_restrict_self);
#endif
#if defined(__x86_64__)
  // The last one that 4.18 knows.
  EXPECT_LT(SYS_rseq, kFirstAfter418);
#endif
  EXPECT_LT(kFirstAfter418, kIoUringSetup);
}

}  // namespace
}  // namespace ccm::calls
