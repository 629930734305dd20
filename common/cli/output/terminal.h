// SPDX-License-Identifier: Apache-2.0
// The output of ccmctl: results go to standard output, everything else to standard error; colours
// only on a terminal. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

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

}  // namespace ccm::cli
