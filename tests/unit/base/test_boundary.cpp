// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "base/boundary.h"

namespace ccm {
namespace {

TEST(Boundary, PassesTheBodysValueOn) {
  std::string reported;
  const int value = at_boundary(
      -1, [&](const char* what) { reported = what; }, [] { return 7; });
  EXPECT_EQ(value, 7);
  EXPECT_EQ(reported, "");
}

TEST(Boundary, TurnsAnExceptionIntoTheFailureValueAndReportsIt) {
  std::string reported;
  const int value = at_boundary(
      -1, [&](const char* what) { reported = what; },
      []() -> int { throw std::runtime_error("no luck"); });
  EXPECT_EQ(value, -1);
  EXPECT_EQ(reported, "no luck");
}

TEST(Boundary, StopsWhatIsNoExceptionToo) {
  std::string reported;
  const int value = at_boundary(
      -1, [&](const char* what) { reported = what; }, []() -> int { throw 3; });
  EXPECT_EQ(value, -1);
  EXPECT_NE(reported, "");
}

}  // namespace
}  // namespace ccm
