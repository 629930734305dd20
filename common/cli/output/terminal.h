// SPDX-License-Identifier: Apache-2.0
// Where ccmctl's words go: results to standard output, everything else to standard error, colours
// only where they are seen by a person. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ccm::cli {

enum class ColourMode : std::uint8_t { automatic, always, never };
enum class Colour : std::uint8_t { plain, bold, dim, green, yellow, red };

class Terminal {
 public:
  // `automatic`: colours on a terminal, unless NO_COLOR is set (no-color.org) or it is a dumb one.
  explicit Terminal(ColourMode mode = ColourMode::automatic);

  bool is_interactive() const noexcept { return is_interactive_; }
  std::size_t width() const noexcept { return width_; }
  std::string paint(Colour colour, std::string_view text) const;

  // A result, exactly as it is.
  static void print(std::string_view text);
  // A line (or several) about what is going on; control characters are escaped.
  static void say(std::string_view line);
  // Moves to the top of an empty screen, for what is drawn again and again.
  void clear() const;

 private:
  bool is_interactive_;
  bool has_colours_;
  std::size_t width_;
};

// A line about work under way, drawn over itself and gone in the end; on standard error, and only
// when that is a terminal.
class Progress {
 public:
  Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  void show(std::string_view line);
  void clear();

 private:
  bool is_seen_;
  bool is_shown_ = false;
};

// Rows under headings; as wide as their content. Control characters in cells and headings are
// escaped.
class Table {
 public:
  struct Cell {
    std::string text;
    Colour colour = Colour::plain;
  };

  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const noexcept { return rows_.empty(); }
  std::string text(const Terminal& terminal) const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace ccm::cli
