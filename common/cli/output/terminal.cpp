// SPDX-License-Identifier: Apache-2.0
#include "cli/output/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.h"

namespace ccm::cli {
namespace {

constexpr std::size_t kUsualWidth = 80;

// Whether a terminal is there that understands escape sequences.
bool can_draw(int file) {
  const char* kind = std::getenv("TERM");
  return isatty(file) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

bool wants_colours(ColourMode mode) {
  if (mode != ColourMode::automatic) return mode == ColourMode::always;
  const char* none = std::getenv("NO_COLOR");
  return can_draw(STDOUT_FILENO) && (none == nullptr || *none == '\0');
}

std::size_t width_of_terminal() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kUsualWidth;
}

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::bold:
      return "1";
    case Colour::dim:
      return "2";
    case Colour::green:
      return "32";
    case Colour::yellow:
      return "33";
    case Colour::red:
      return "31";
    case Colour::plain:
      break;
  }
  return "";
}

}  // namespace

Terminal::Terminal(ColourMode mode)
    : is_interactive_(isatty(STDOUT_FILENO) == 1),
      has_colours_(wants_colours(mode)),
      width_(width_of_terminal()) {}

std::string Terminal::paint(Colour colour, std::string_view text) const {
  if (!has_colours_ || colour == Colour::plain) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code_of(colour), text);
}

void Terminal::print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Terminal::say(std::string_view line) {
  std::fflush(stdout);
  fmt::print(stderr, "{}\n", printable_lines(line));
}

void Terminal::clear() const {
  if (is_interactive_) print("\x1b[H\x1b[2J");
}

Progress::Progress() : is_seen_(can_draw(STDERR_FILENO)) {}

void Progress::show(std::string_view line) {
  if (!is_seen_) return;
  std::fflush(stdout);
  fmt::print(stderr, "\r\x1b[K{}", printable(line));
  std::fflush(stderr);
  is_shown_ = true;
}

void Progress::clear() {
  if (is_shown_) fmt::print(stderr, "\r\x1b[K");
  is_shown_ = false;
}

}  // namespace ccm::cli
