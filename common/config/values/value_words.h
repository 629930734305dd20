// SPDX-License-Identifier: Apache-2.0
// What the parsers of directive values share. Pure functions; config room only.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/sentences.h"

namespace ccm::config {

inline constexpr std::string_view kDigits = "0123456789";

// The error "TEXT problem".
inline Failure wrong(std::string_view text, std::string_view problem) {
  return fail(ErrorKind::invalid, fmt::format("{} {}", in_quotes(text), problem));
}

inline Failure given_twice(std::string_view word) {
  return fail(ErrorKind::invalid, fmt::format("\"{}=\" is given twice", word));
}

// The value of "word=value"; nullopt when the argument begins otherwise.
inline std::optional<std::string> value_of(std::string_view argument, std::string_view word) {
  if (!argument.starts_with(word) || argument.substr(word.size(), 1) != "=") return std::nullopt;
  return std::string(argument.substr(word.size() + 1));
}

// An absolute path, without slashes at its end.
inline Result<std::string> parse_path(const std::string& text) {
  if (!text.starts_with('/')) {
    return wrong(text,
                 "is not an absolute path; the agent has a working directory of its own, so "
                 "the path must start with /");
  }
  if (text.size() > 1 && text.ends_with('/')) return text.substr(0, text.find_last_not_of('/') + 1);
  return text;
}

inline Result<std::string> parse_file_path(const std::string& text) {
  if (text.ends_with('/')) return wrong(text, "is a directory; write the path of a file");
  return parse_path(text);
}

}  // namespace ccm::config
