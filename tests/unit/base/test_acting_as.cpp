// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "base/acting_as.h"
#include "base/file.h"
#include "support/denied_calls.h"
#include "support/temp_directory.h"

namespace ccm {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

// Root as a unit with a short CapabilityBoundingSet has it.
bool lose_everything_but_setuid() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct sets[2]{};
  sets[0].effective = sets[0].permitted = 1U << CAP_SETUID;
  return syscall(SYS_capset, &header, sets) == 0;
}

class ActingAsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can act as somebody else";
    fs::permissions(directory_.path(), fs::perms(0711));
    directory_.write("state/secret", "x");
    fs::permissions(state(), fs::perms(0700));
    ASSERT_EQ(chown(state().c_str(), kNobody, kNobody), 0);
    ASSERT_EQ(chown((state() + "/secret").c_str(), kNobody, kNobody), 0);
    fs::permissions(state() + "/secret", fs::perms(0600));
  }
  std::string state() const { return (directory_ / "state").string(); }

  test::TempDirectory directory_;
};

TEST_F(ActingAsTest, RootWithItsRightsNeedsNobody) {
  EXPECT_EQ(who_may_look_into(state()), 0U);
}

TEST_F(ActingAsTest, RootWithoutItsRightsLooksAsTheOwnerAndBack) {
  EXPECT_EQ(test::in_child_without({},
                                   [&] {
                                     if (!lose_everything_but_setuid()) return 1;
                                     prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
                                     if (read_file(state() + "/secret", 10)) return 2;
                                     if (who_may_look_into(state()) != kNobody) return 3;
                                     {
                                       const ActingAs owner(who_may_look_into(state()));
                                       if (!read_file(state() + "/secret", 10)) return 4;
                                     }
                                     if (read_file(state() + "/secret", 10)) return 5;
                                     return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 ? 0 : 6;
                                   }),
            0);
}

}  // namespace
}  // namespace ccm
