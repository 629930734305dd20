// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "config/checks/system_checks.h"
#include "support/denied_calls.h"
#include "support/temp_directory.h"

namespace ccm::config {
namespace {

// 0 when there is exactly one sentence and it has all of these; else what else there was.
int one_sentence_with(const std::string& state, const std::vector<std::string>& parts) {
  const auto sentences = check_system(state);
  if (sentences.size() != 1) return 10 + static_cast<int>(sentences.size());
  for (const std::string& part : parts) {
    if (sentences.front().find(part) == std::string::npos) return 2;
  }
  return 0;
}

class SystemChecks : public ::testing::Test {
 protected:
  std::string state() const { return (directory_ / "state").string(); }
  test::TempDirectory directory_;
};

TEST_F(SystemChecks, AnOrdinarySystemHasEverything) {
  EXPECT_THAT(check_system(state()), ::testing::IsEmpty());
}

TEST_F(SystemChecks, RefusedMemoryIsNamedWithTheRemedy) {
  for (const int error_number : {EPERM, ENOSYS, 0}) {
    EXPECT_EQ(test::in_child_without({{SYS_memfd_create, error_number}},
                                     [&] {
                                       return one_sentence_with(state(),
                                                                {"memfd_create", "/dev/shm",
                                                                 "SystemCallFilter=memfd_create"});
                                     }),
              0)
        << error_number;
  }
}

TEST_F(SystemChecks, ARefusedMadviseIsNamed) {
  EXPECT_EQ(test::in_child_without(
                {{SYS_madvise, EPERM}},
                [&] {
                  return one_sentence_with(state(), {"madvise", "core dump", "LimitCORE"});
                }),
            0);
}

}  // namespace
}  // namespace ccm::config
