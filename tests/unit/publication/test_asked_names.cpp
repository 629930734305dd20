// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/handle.h"
#include "publication/catalogue/asked_names.h"

namespace ccm::publication {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class AskedNamesTest : public ::testing::Test {
 protected:
  AskedNamesTest() : file_(memfd_create("asked", MFD_CLOEXEC)) {
    EXPECT_EQ(ftruncate(file_.get(), kAskedSize), 0);
  }

  AskedNames map() { return AskedNames::map(file_.get(), 0).value(); }

  FileDescriptor file_;
  AskedNames worker_ = map();
  AskedNames agent_ = map();
};

TEST_F(AskedNamesTest, TheAgentGetsEachNameOnce) {
  worker_.tell("b.example");
  worker_.tell("a.example");
  worker_.tell("b.example");
  EXPECT_THAT(agent_.take(), ElementsAre("a.example", "b.example"));
  EXPECT_THAT(agent_.take(), IsEmpty());
  const std::string longest = std::string(249, 'a') + ".com";
  worker_.tell(longest);
  EXPECT_THAT(agent_.take(), ElementsAre(longest));
}

TEST_F(AskedNamesTest, WhatIsNoHostIsLeftOut) {
  for (const char* name : {"", "a", "localhost", "a b.example", "x/../y.example", "A.example"}) {
    worker_.tell(name);
  }
  worker_.tell(std::string(300, 'a') + ".example");
  EXPECT_THAT(agent_.take(), IsEmpty());
}

TEST_F(AskedNamesTest, AFloodLeavesTheLast) {
  for (std::size_t i = 0; i < 3 * kAskedSlots; ++i) {
    worker_.tell("n" + std::to_string(i) + ".example");
  }
  const auto names = agent_.take();
  EXPECT_THAT(names, SizeIs(kAskedSlots));
  EXPECT_EQ(std::count(names.begin(), names.end(), "n3071.example"), 1);
}

TEST_F(AskedNamesTest, WhatIsAskedForCountsForTwoPeriods) {
  EXPECT_FALSE(agent_.was_asked_for("scm_1"));
  worker_.touch(AskedNames::bit_of("scm_1"));
  EXPECT_TRUE(agent_.was_asked_for("scm_1"));
  EXPECT_FALSE(agent_.was_asked_for("scm_2"));
  agent_.turn();
  EXPECT_TRUE(agent_.was_asked_for("scm_1"));
  agent_.turn();
  EXPECT_FALSE(agent_.was_asked_for("scm_1"));
}

TEST_F(AskedNamesTest, AWorkerCanWriteAnythingThere) {
  void* area = mmap(nullptr, kAskedSize, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
  ASSERT_NE(area, MAP_FAILED);
  auto* words = static_cast<std::uint64_t*>(area);
  std::fill_n(words, kAskedSize / sizeof *words, ~std::uint64_t{0});
  EXPECT_THAT(agent_.take(), IsEmpty());
  words[0] = 5;
  EXPECT_THAT(agent_.take(), IsEmpty());
  munmap(area, kAskedSize);
}

TEST(AskedNames, WithoutAMappingNothingHappens) {
  AskedNames none;
  none.tell("a.example");
  none.touch(1);
  none.turn();
  EXPECT_THAT(none.take(), IsEmpty());
  EXPECT_FALSE(none.was_asked_for("x"));
}

}  // namespace
}  // namespace ccm::publication
