// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "cloud/transport/wiping_memory.h"

namespace ccm::cloud {
namespace {

TEST(WipingMemory, ReallocationKeepsTheContentAndAlignment) {
  auto* block = static_cast<char*>(wiping_malloc(5));
  std::memcpy(block, "abcd", 5);
  block = static_cast<char*>(wiping_realloc(block, 4096));
  EXPECT_STREQ(block, "abcd");
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0U);
  block = static_cast<char*>(wiping_realloc(block, 2));
  EXPECT_EQ(std::memcmp(block, "ab", 2), 0);
  wiping_free(block);
  wiping_free(nullptr);
}

TEST(WipingMemory, CallocIsZeroAndRefusesOverflow) {
  auto* block = static_cast<unsigned char*>(wiping_calloc(16, 4));
  for (int i = 0; i < 64; ++i) EXPECT_EQ(block[i], 0);
  wiping_free(block);
  EXPECT_EQ(wiping_calloc(SIZE_MAX, 2), nullptr);
  EXPECT_EQ(wiping_malloc(SIZE_MAX), nullptr);
}

TEST(WipingMemory, DuplicatesText) {
  char* copy = wiping_strdup("secret");
  EXPECT_STREQ(copy, "secret");
  wiping_free(copy);
}

}  // namespace
}  // namespace ccm::cloud
