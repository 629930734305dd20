// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <utility>

#include "base/secret.h"

namespace ccm {
namespace {

static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_copy_assignable_v<Secret>);
static_assert(!fmt::is_formattable<Secret>::value, "printing a key must not compile");

TEST(Secret, HoldsACopyOfWhatItWasGiven) {
  std::string source = "swordfish";
  const Secret secret = Secret::copy_of(source);
  source[0] = 'S';
  EXPECT_EQ(secret.reveal(), "swordfish");
  EXPECT_EQ(secret.size(), 9U);
}

TEST(Secret, WipesTheTextItTakesOver) {
  std::string source = "a secret that is longer than any small string buffer";
  const char* bytes = source.data();
  const std::size_t size = source.size();
  const Secret secret = Secret::taken_from(source);
  EXPECT_TRUE(source.empty());
  // The string still owns its block: what is in it may be looked at.
  EXPECT_EQ(std::string(bytes, size), std::string(size, '\0'));
  EXPECT_EQ(secret.size(), size);
}

TEST(Secret, IsEmptyAfterItMovedOn) {
  Secret first = Secret::copy_of("one");
  Secret second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_EQ(second.reveal(), "one");
  second = Secret::copy_of("two");
  EXPECT_EQ(second.reveal(), "two");
}

TEST(Secret, ComparesByContent) {
  EXPECT_TRUE(Secret::copy_of("abc").equals(Secret::copy_of("abc")));
  EXPECT_FALSE(Secret::copy_of("abc").equals(Secret::copy_of("abd")));
  EXPECT_FALSE(Secret::copy_of("abc").equals(Secret::copy_of("ab")));
  EXPECT_TRUE(Secret().equals(Secret::copy_of("")));
}

TEST(Secret, IsFilledInPlace) {
  Secret secret = Secret::of_size(2);
  EXPECT_EQ(secret.reveal(), std::string_view("\0\0", 2));
  secret.mutable_bytes()[0] = std::byte{'x'};
  EXPECT_EQ(secret.clone().reveal(), std::string_view("x\0", 2));
}

TEST(Secret, WipeClearsBytesAndText) {
  std::string text = "secret";
  wipe(text);
  EXPECT_TRUE(text.empty());
  std::byte bytes[3] = {std::byte{1}, std::byte{2}, std::byte{3}};
  wipe(std::span(bytes));
  for (const std::byte byte : bytes) EXPECT_EQ(byte, std::byte{0});
}

}  // namespace
}  // namespace ccm
