// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/output/table.h"

namespace ccm::cli {
namespace {

TEST(Table, IsAsWideAsItsContent) {
  Table table({"NAME", "STATE"});
  table.add({{"www"}, {"ok"}});
  table.add({{"a-long-name"}, {"late"}});
  EXPECT_EQ(table.text(Terminal(ColourMode::never)),
            "NAME         STATE\n"
            "www          ok\n"
            "a-long-name  late\n");
}

TEST(Table, CountsCharactersAndNotBytes) {
  Table table({"N", "X"});
  table.add({{"äöü"}, {"1"}});
  EXPECT_EQ(table.text(Terminal(ColourMode::never)), "N    X\näöü  1\n");
}

TEST(Table, ColoursDoNotMoveColumnsAndContentCannotColour) {
  Table table({"N", "X"});
  table.add({{"a", Colour::red}, {"\x1b[31m"}});
  EXPECT_EQ(table.text(Terminal(ColourMode::always)),
            "\x1b[1mN\x1b[0m  \x1b[1mX\x1b[0m\n\x1b[31ma\x1b[0m  \\x1b[31m\n");
}

TEST(Cells, AreCountedAsTerminalsDo) {
  EXPECT_EQ(cells_of("abc"), 3U);
  EXPECT_EQ(cells_of("äöü"), 3U);
  EXPECT_EQ(cells_of("証明書"), 6U) << "wide characters take two";
  EXPECT_EQ(cells_of("e\u0301"), 1U) << "an accent of its own combines";
  EXPECT_EQ(cells_of("\xff"), 1U);
}

TEST(Cells, ShorteningLeavesBothEnds) {
  EXPECT_EQ(shorten("short", 5), "short");
  EXPECT_EQ(shorten("pca:0123456789abcdef", 9), "pca:…cdef");
  EXPECT_EQ(shorten("証明書証明書", 7), "証…書") << "no half of a wide character";
  EXPECT_EQ(shorten("abc", 1), "…");
  EXPECT_EQ(shorten("abc", 0), "");
}

TEST(Table, GivesAPipeEverything) {
  Table table({"NAME", "NAMES"});
  table.may_shrink("NAMES", 4).may_go("NAMES");
  const std::string wide(300, 'x');
  table.add({{"www"}, {wide}});
  EXPECT_EQ(table.text(Terminal(ColourMode::never)), "NAME  NAMES\nwww   " + wide + "\n");
}

}  // namespace
}  // namespace ccm::cli
