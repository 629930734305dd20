// SPDX-License-Identifier: Apache-2.0
#include "cli/output/table.h"

#include <algorithm>
#include <clocale>
#include <cwchar>
#include <iterator>
#include <limits>

#include "base/text.h"

namespace ccm::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();
constexpr std::string_view kLeftOut = "…";

// wcwidth() knows characters beyond ASCII in a UTF-8 locale only, whatever the caller's is.
class CharacterWidths {
 public:
  CharacterWidths() : before_(uselocale(utf8())) {}
  CharacterWidths(const CharacterWidths&) = delete;
  CharacterWidths& operator=(const CharacterWidths&) = delete;
  ~CharacterWidths() { uselocale(before_); }

 private:
  // Null where the system has none: then the thread's own stays.
  static locale_t utf8() {
    static const locale_t kLocale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return kLocale;
  }

  locale_t before_;
};

struct Character {
  std::string_view bytes;
  std::size_t cells;
};

std::vector<Character> characters_of(std::string_view text) {
  const CharacterWidths widths;
  std::vector<Character> characters;
  std::mbstate_t state{};
  while (!text.empty()) {
    wchar_t character = 0;
    std::size_t size = std::mbrtowc(&character, text.data(), text.size(), &state);
    // What is no character counts as one cell a byte, as terminals show it.
    const bool is_valid = size != 0 && size <= text.size();
    if (!is_valid) {
      size = 1;
      state = {};
    }
    const int cells = is_valid ? wcwidth(character) : 1;
    characters.push_back({text.substr(0, size), cells < 0 ? 1 : static_cast<std::size_t>(cells)});
    text.remove_prefix(size);
  }
  return characters;
}

std::size_t cells_of(const std::vector<Character>& characters) {
  std::size_t cells = 0;
  for (const Character& each : characters) cells += each.cells;
  return cells;
}

}  // namespace

std::size_t cells_of(std::string_view text) {
  const bool is_ascii = std::none_of(text.begin(), text.end(),
                                     [](char c) { return static_cast<unsigned char>(c) >= 0x80U; });
  return is_ascii ? text.size() : cells_of(characters_of(text));
}

std::string shorten(std::string_view text, std::size_t cells) {
  const auto characters = characters_of(text);
  if (cells_of(characters) <= cells) return std::string(text);
  if (cells == 0) return {};
  const std::size_t head_cells = cells / 2;
  const std::size_t tail_cells = cells - 1 - head_cells;
  std::string head;
  std::size_t used = 0;
  for (const Character& each : characters) {
    if (used + each.cells > head_cells) break;
    used += each.cells;
    head += each.bytes;
  }
  std::size_t begin = text.size();
  used = 0;
  for (auto each = characters.rbegin(); each != characters.rend(); ++each) {
    if (used + each->cells > tail_cells) break;
    used += each->cells;
    begin -= each->bytes.size();
  }
  return head + std::string(kLeftOut) + std::string(text.substr(begin));
}

// What becomes of each column.
struct Table::Layout {
  struct Column {
    std::size_t cells = 0;
    bool is_brief = false;
    bool is_there = true;
  };
  std::vector<Column> columns;

  std::size_t width() const {
    std::size_t width = 0;
    for (const Column& each : columns) {
      if (each.is_there) width += each.cells + kGap;
    }
    return width == 0 ? 0 : width - kGap;
  }
};

std::size_t Table::column_of(std::string_view heading) const {
  return static_cast<std::size_t>(
      std::distance(headings_.begin(), std::find(headings_.begin(), headings_.end(), heading)));
}

Table& Table::may_be_brief(std::string_view heading) {
  measures_.push_back({column_of(heading), Way::brief});
  return *this;
}

Table& Table::may_shrink(std::string_view heading, std::size_t cells) {
  measures_.push_back({column_of(heading), Way::shrink, cells});
  return *this;
}

Table& Table::may_go(std::string_view heading) {
  measures_.push_back({column_of(heading), Way::go});
  return *this;
}

Table::Layout Table::lay_out(std::size_t room) const {
  const auto widest = [this](std::size_t column, bool is_brief) {
    std::size_t cells = cells_of(printable(headings_[column]));
    for (const auto& row : rows_) {
      if (column >= row.size()) continue;
      const Cell& cell = row[column];
      cells = std::max(
          cells, cells_of(printable(is_brief && !cell.brief.empty() ? cell.brief : cell.text)));
    }
    return cells;
  };
  Layout layout;
  for (std::size_t i = 0; i < headings_.size(); ++i) {
    layout.columns.push_back({.cells = widest(i, false)});
  }
  for (const Measure& measure : measures_) {
    const std::size_t width = layout.width();
    if (width <= room) break;
    Layout::Column& column = layout.columns[measure.column];
    switch (measure.way) {
      case Way::brief:
        column.is_brief = true;
        column.cells = widest(measure.column, true);
        break;
      case Way::shrink: {
        const std::size_t over = width - room;
        const std::size_t wanted = column.cells > over ? column.cells - over : 0;
        column.cells = std::min(column.cells, std::max(wanted, measure.cells));
        break;
      }
      case Way::go:
        column.is_there = false;
        break;
    }
  }
  return layout;
}

std::string Table::text(const Terminal& terminal) const {
  return draw(terminal, terminal.is_interactive() ? terminal.width() : kUnlimited);
}

std::string Table::text_whole(const Terminal& terminal) const {
  return draw(terminal, kUnlimited);
}

std::string Table::draw(const Terminal& terminal, std::size_t room) const {
  const Layout layout = lay_out(room);
  const auto is_there = [](const Layout::Column& column) { return column.is_there; };
  const auto last = static_cast<std::size_t>(
      std::distance(std::find_if(layout.columns.rbegin(), layout.columns.rend(), is_there),
                    layout.columns.rend()));
  std::string out;
  const auto add_line = [&](const std::vector<Cell>& line) {
    for (std::size_t i = 0; i < last && i < line.size(); ++i) {
      const Layout::Column& column = layout.columns[i];
      if (!column.is_there) continue;
      const Cell& cell = line[i];
      const std::string& words = column.is_brief && !cell.brief.empty() ? cell.brief : cell.text;
      const std::string shown = shorten(printable(words), column.cells);
      out += terminal.paint(cell.colour, shown);
      if (i + 1 != last) out += std::string(column.cells - cells_of(shown) + kGap, ' ');
    }
    out += '\n';
  };
  std::vector<Cell> headings;
  for (const std::string& heading : headings_) headings.push_back({heading, Colour::bold});
  add_line(headings);
  for (const auto& row : rows_) add_line(row);
  return out;
}

}  // namespace ccm::cli
