// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "agent/watches.h"
#include "base/file.h"
#include "store/file_store/file_reader.h"
#include "support/denied_calls.h"
#include "support/memory_log.h"
#include "support/temp_directory.h"

namespace ccm::agent {
namespace {

bool is_readable(const FileDescriptor& descriptor) {
  pollfd waiting{descriptor.get(), POLLIN, 0};
  return poll(&waiting, 1, 0) == 1;
}

bool wakes(const Watches& watches) {
  const std::uint64_t one = 1;
  if (is_readable(watches.attempt)) return false;
  if (write(watches.attempt_end(), &one, sizeof one) != sizeof one) return false;
  const bool is_woken = is_readable(watches.attempt);
  watches.empty();
  return is_woken && !is_readable(watches.attempt);
}

class WatchesTest : public ::testing::Test {
 protected:
  std::string state() const { return directory_.path().string(); }
  test::TempDirectory directory_;
  store::FileReader store_{state()};
};

TEST_F(WatchesTest, AChangeOfTheStoreWakes) {
  test::MemoryLog log;
  const auto watches = open_watches(store_, {"www"}, log);
  ASSERT_TRUE(watches);
  EXPECT_FALSE(is_readable(watches->store));
  ASSERT_TRUE(write_file_atomically(state() + "/revision", "1"));
  EXPECT_TRUE(is_readable(watches->store));
  EXPECT_TRUE(wakes(*watches));
}

TEST_F(WatchesTest, WithoutInotifyTheAgentLooksByItself) {
  for (const int error_number : {EPERM, ENOSYS, 0}) {
    EXPECT_EQ(test::in_child_without({{SYS_inotify_init1, error_number}},
                                     [&] {
                                       test::MemoryLog log;
                                       const auto watches = open_watches(store_, {"www"}, log);
                                       if (!watches || watches->store) return 1;
                                       const bool is_said =
                                           log.text().find("every second") != std::string::npos;
                                       const bool is_unwatched =
                                           watches->files->unwatched().size() == 1;
                                       return is_said && is_unwatched && wakes(*watches) ? 0 : 2;
                                     }),
              0)
        << error_number;
  }
}

TEST_F(WatchesTest, WithoutEventfdThereIsAPipe) {
  for (const int error_number : {EPERM, ENOSYS, 0}) {
    EXPECT_EQ(test::in_child_without({{SYS_eventfd2, error_number}},
                                     [&] {
                                       test::MemoryLog log;
                                       const auto watches = open_watches(store_, {"www"}, log);
                                       return watches && wakes(*watches) ? 0 : 1;
                                     }),
              0)
        << error_number;
  }
}

}  // namespace
}  // namespace ccm::agent
