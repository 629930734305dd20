// SPDX-License-Identifier: Apache-2.0
#include "server/status/json_text.h"

#include <fmt/format.h>

#include <iterator>

#include "base/utf8.h"

namespace ccm::server {

void JsonText::begin(std::string_view key) {
  if (!is_first_) text_ += ',';
  is_first_ = false;
  if (key.empty()) return;
  quote(key);
  text_ += ':';
}

// Invalid UTF-8 in one text must not make the whole document unreadable.
void JsonText::quote(std::string_view value) {
  text_ += '"';
  while (!value.empty()) {
    const Utf8Character character = take_character(value);
    if (!character.value) {
      text_ += "\\ufffd";
    } else if (*character.value == U'"' || *character.value == U'\\') {
      text_ += '\\';
      text_ += character.bytes;
    } else if (*character.value < 0x20) {
      fmt::format_to(std::back_inserter(text_), "\\u{:04x}",
                     static_cast<unsigned>(*character.value));
    } else {
      text_ += character.bytes;
    }
  }
  text_ += '"';
}

JsonText& JsonText::open(char bracket, std::string_view key) {
  begin(key);
  text_ += bracket;
  is_first_ = true;
  return *this;
}

JsonText& JsonText::close(char bracket) {
  text_ += bracket;
  is_first_ = false;
  return *this;
}

JsonText& JsonText::text(std::string_view key, std::string_view value) {
  begin(key);
  quote(value);
  return *this;
}

JsonText& JsonText::number(std::string_view key, std::uint64_t value) {
  begin(key);
  fmt::format_to(std::back_inserter(text_), "{}", value);
  return *this;
}

JsonText& JsonText::signed_number(std::string_view key, std::int64_t value) {
  begin(key);
  fmt::format_to(std::back_inserter(text_), "{}", value);
  return *this;
}

JsonText& JsonText::flag(std::string_view key, bool value) {
  begin(key);
  text_ += value ? "true" : "false";
  return *this;
}

JsonText& JsonText::time(std::string_view key, Time value) {
  return value == Time{} ? null(key) : text(key, format_time(value));
}

JsonText& JsonText::null(std::string_view key) {
  begin(key);
  text_ += "null";
  return *this;
}

JsonText& JsonText::item(std::string_view value) {
  begin({});
  quote(value);
  return *this;
}

}  // namespace ccm::server
