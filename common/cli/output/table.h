// SPDX-License-Identifier: Apache-2.0
// Rows under headings, as wide as their content or, on a terminal, as the terminal. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output/terminal.h"

namespace ccm::cli {

// How many cells of a terminal printable UTF-8 text takes: two for a wide character, none for one
// that combines with the one before.
std::size_t cells_of(std::string_view text);
// At most so many cells; what is left out, in the middle, shows as "…".
std::string shorten(std::string_view text, std::size_t cells);

// Control characters in cells and headings are escaped.
class Table {
 public:
  struct Cell {
    std::string text;
    Colour colour = Colour::plain;
    std::string brief = {};  // what stands there instead where the room is scarce; empty: `text`
  };

  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  // What may be done to a column, in the order of the calls, until the rows fit the terminal. Only
  // for a person's terminal: a pipe gets everything.
  Table& may_be_brief(std::string_view heading);
  Table& may_shrink(std::string_view heading, std::size_t cells);
  Table& may_go(std::string_view heading);

  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const noexcept { return rows_.empty(); }
  std::string text(const Terminal& terminal) const;
  // Everything, however narrow the terminal is.
  std::string text_whole(const Terminal& terminal) const;

 private:
  enum class Way : std::uint8_t { brief, shrink, go };
  struct Measure {
    std::size_t column;
    Way way;
    std::size_t cells = 0;
  };
  struct Layout;

  std::size_t column_of(std::string_view heading) const;
  Layout lay_out(std::size_t room) const;
  std::string draw(const Terminal& terminal, std::size_t room) const;

  std::vector<std::string> headings_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<Measure> measures_;
};

}  // namespace ccm::cli
