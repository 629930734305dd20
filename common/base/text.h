// SPDX-License-Identifier: Apache-2.0
// Small text work that every room needs. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ccm {

// ASCII white space removed at both ends.
std::string_view trim(std::string_view text) noexcept;
// The parts between separators; empty parts are kept, so "a,,b" has three.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
// ASCII lower case; other bytes unchanged.
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
// Decimal digits only, whole text; nullopt on anything else or overflow.
std::optional<std::uint64_t> parse_unsigned(std::string_view text) noexcept;
// The text with every character that is not visible (utf8.h, is_visible) written as \x1b, \u202e or
// \U000e0001, and with bytes that are not UTF-8 as \xNN, for a line of a log or a terminal.
// Idempotent.
std::string printable(std::string_view text);
// The same for a text of several lines: its line feeds stay.
std::string printable_lines(std::string_view text);
// The text, or as many of its first `limit` bytes as are whole UTF-8 characters.
std::string_view cut(std::string_view text, std::size_t limit) noexcept;
// Calls `each` for every complete line of the text, without its line feed. Returns how many bytes
// these lines take. What follows them is the beginning of another line.
template <class Each>
std::size_t for_each_line(std::string_view text, const Each& each) {
  std::size_t start = 0;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', start)) {
    each(text.substr(start, end - start));
    start = end + 1;
  }
  return start;
}

// A flat list of "key: value" lines: the form of every small record on disk. Values are one line;
// line feeds and backslashes in them are escaped. Order is kept; a key may occur more than once.
class Record {
 public:
  void add(std::string_view key, std::string_view value);
  // The first value of the key; nullopt when absent.
  std::optional<std::string_view> find(std::string_view key) const noexcept;
  // The first value as a decimal number; nullopt when absent or not a number.
  std::optional<std::int64_t> find_number(std::string_view key) const noexcept;
  std::vector<std::string_view> find_all(std::string_view key) const;
  // All of them, in order.
  const std::vector<std::pair<std::string, std::string>>& fields() const noexcept {
    return fields_;
  }

  std::string serialize() const;
  // Fails with `invalid` and the line number on a line that is not "key: value".
  static Result<Record> parse(std::string_view text);

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace ccm
