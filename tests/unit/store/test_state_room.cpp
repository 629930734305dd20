// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "store/host/state_room.h"
#include "support/temp_directory.h"

namespace ccm::store {
namespace {

TEST(StateRoom, ACertificateNeedsBytesAndFiles) {
  constexpr std::uint64_t kPlenty = 1U << 20U;
  EXPECT_EQ(shortage_of({.bytes = kPlenty, .files = 1000}), "");
  EXPECT_EQ(shortage_of({.bytes = kPlenty, .files = {}}), "");
  EXPECT_EQ(shortage_of({.bytes = 32U << 10U, .files = 8}), "");
  EXPECT_EQ(shortage_of({.bytes = (32U << 10U) - 1, .files = {}}), "only 31 KiB are free there");
  EXPECT_EQ(shortage_of({.bytes = 0, .files = 1000}), "only 0 KiB are free there");
  EXPECT_EQ(shortage_of({.bytes = kPlenty, .files = 7}), "only 7 more files fit there");
}

TEST(StateRoom, NobodyCanTellWhatIsNotThere) {
  const test::TempDirectory directory;
  ASSERT_TRUE(look_at_state_room(directory.path()));
  EXPECT_FALSE(look_at_state_room(directory.path() / "nothing"));
}

TEST(StateRoom, WhereAFileCanBeMadeNothingRefusesOne) {
  const test::TempDirectory directory;
  EXPECT_EQ(look_for_refusal(directory.path()), 0);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  EXPECT_EQ(look_for_refusal(directory.path() / "nothing"), 0) << "nobody can tell";
}

}  // namespace
}  // namespace ccm::store
