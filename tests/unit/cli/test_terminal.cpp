// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/output/terminal.h"

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

}  // namespace
}  // namespace ccm::cli
