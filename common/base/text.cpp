// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/utf8.h"

namespace ccm {
namespace {

constexpr std::string_view kSpace = " \t\r\n\f\v";

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string escape(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      out += c;
    }
  }
  return out;
}

std::string unescape(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\' || i + 1 == value.size()) {
      out += value[i];
      continue;
    }
    const char c = value[++i];
    out += c == 'n' ? '\n' : c == 'r' ? '\r' : c;
  }
  return out;
}

bool is_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

void write_out(const Utf8Character& character, std::string& out) {
  if (!character.value || *character.value < 0x80) {
    for (const char c : character.bytes) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return;
  }
  const auto number = static_cast<std::uint32_t>(*character.value);
  out += number > 0xFFFF ? fmt::format("\\U{:08x}", number) : fmt::format("\\u{:04x}", number);
}

bool is_plain(char c) noexcept {
  return c >= ' ' && c <= '~';
}

std::string made_visible(std::string_view text, bool keep_line_feeds) {
  // The usual case: nearly every path and line is plain.
  if (std::all_of(text.begin(), text.end(), is_plain)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Character character = take_character(text);
    const bool is_kept = keep_line_feeds && character.value == U'\n';
    if (is_kept || (character.value && is_visible(*character.value))) {
      out += character.bytes;
    } else {
      write_out(character, out);
    }
  }
  return out;
}

}  // namespace

std::string_view trim(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0;;) {
    const std::size_t end = text.find(separator, start);
    if (end == std::string_view::npos) {
      parts.push_back(text.substr(start));
      return parts;
    }
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string printable(std::string_view text) {
  return made_visible(text, false);
}

std::string printable_lines(std::string_view text) {
  return made_visible(text, true);
}

std::string_view cut(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text;
  // A character has at most three bytes after its first one; more of them are not UTF-8.
  std::size_t size = limit;
  for (int i = 0; i < 3 && size > 0 && is_continuation(text[size]); ++i) --size;
  return text.substr(0, is_continuation(text[size]) ? limit : size);
}

void Record::add(std::string_view key, std::string_view value) {
  fields_.emplace_back(key, value);
}

std::optional<std::string_view> Record::find(std::string_view key) const noexcept {
  for (const auto& [name, value] : fields_) {
    if (name == key) return value;
  }
  return std::nullopt;
}

std::optional<std::int64_t> Record::find_number(std::string_view key) const noexcept {
  const std::optional<std::string_view> text = find(key);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (text->empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::vector<std::string_view> Record::find_all(std::string_view key) const {
  std::vector<std::string_view> values;
  for (const auto& [name, value] : fields_) {
    if (name == key) values.emplace_back(value);
  }
  return values;
}

std::string Record::serialize() const {
  std::string out;
  for (const auto& [name, value] : fields_) {
    out += name;
    out += ": ";
    out += escape(value);
    out += '\n';
  }
  return out;
}

Result<Record> Record::parse(std::string_view text) {
  Record record;
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos || colon == 0) {
      return fail(ErrorKind::invalid, fmt::format("line {} is not \"key: value\"", number));
    }
    record.add(line.substr(0, colon), unescape(line.substr(colon + 2)));
  }
  return record;
}

}  // namespace ccm
