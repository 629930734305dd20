// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "base/packing.h"

namespace ccm {
namespace {

using namespace std::string_view_literals;

Secret packed(std::size_t expected) {
  Packer out(expected);
  out.raw("MARK"sv);
  out.number(0x01020304);
  out.block("key"sv);
  out.block(""sv);
  out.size(2);
  out.block("a"sv);
  out.block("b"sv);
  return std::move(out).take();
}

TEST(Packing, TheBytesAreTheSameOnEveryMachineAndWhateverWasExpected) {
  constexpr std::string_view kBytes =
      "MARK\x04\x03\x02\x01\x03\0\0\0key\0\0\0\0\x02\0\0\0\x01\0\0\0a\x01\0\0\0b"sv;
  for (const std::size_t expected :
       {std::size_t{0}, std::size_t{1}, kBytes.size(), std::size_t{99}}) {
    EXPECT_EQ(packed(expected).reveal(), kBytes) << expected;
  }
  EXPECT_TRUE(Packer().take().empty());
}

TEST(Packing, WhatWasPackedIsReadAgain) {
  const Secret bytes = packed(0);
  Unpacker in(bytes.bytes());
  EXPECT_EQ(in.text(4), "MARK");
  EXPECT_EQ(in.number(), 0x01020304U);
  EXPECT_EQ(in.block().size(), 3U);
  EXPECT_EQ(in.text(), "");
  EXPECT_EQ(in.count(), 2U);
  EXPECT_EQ(in.text(), "a");
  EXPECT_FALSE(in.is_complete());
  EXPECT_EQ(in.text(), "b");
  EXPECT_TRUE(in.is_complete());
}

TEST(Packing, APieceIsNeverTakenForTheWhole) {
  const Secret bytes = packed(0);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Unpacker in(bytes.bytes().first(size));
    in.raw(4);
    in.number();
    in.block();
    in.block();
    for (std::uint32_t left = in.count(); left > 0; --left) in.block();
    EXPECT_TRUE(in.failed()) << size;
    EXPECT_FALSE(in.is_complete());
    EXPECT_EQ(in.number(), 0U) << "nothing comes after a failure";
    EXPECT_EQ(in.count(), 0U);
    EXPECT_TRUE(in.text().empty());
  }
}

TEST(Packing, ALengthThatLiesGivesNothing) {
  Unpacker block("\xff\xff\xff\xff xxxx"sv);
  EXPECT_TRUE(block.block().empty());
  EXPECT_TRUE(block.failed());
  Unpacker list("\x02\0\0\0xxxx"sv);
  EXPECT_EQ(list.count(), 0U) << "two items need eight bytes";
  EXPECT_TRUE(list.failed());
}

}  // namespace
}  // namespace ccm
