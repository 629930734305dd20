// SPDX-License-Identifier: Apache-2.0
// What an option takes, checked while the command line is parsed: the sentence about a wrong value
// quotes it and says what would be right. For CLI::Option::check and transform. Pure.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace ccm::cli {

enum class Case : std::uint8_t { counts, ignored };
// "\"foo\" is not one of a, b, c"
CLI::Validator one_of(std::vector<std::string> words, Case upper_and_lower = Case::counts);

struct WholeNumber {
  std::string_view what = "whole number";  // must outlive the option
  std::uint32_t least = 1;
  std::uint32_t most = std::numeric_limits<std::uint32_t>::max();  // the default is not mentioned
};
// "\"abc\" is no number of seconds from 0 to 86400", "\"x\" is no whole number from 1 on"
CLI::Validator number(WholeNumber allowed);

// An option of this command that takes a duration, "30d".
CLI::Option* add_duration(CLI::App& command, const char* name, const char* about,
                          std::function<void(Seconds)> take);

// What `parse` has against the text; it must not depend on anything but the text.
template <typename Parse>
CLI::Validator accepted_by(Parse parse) {
  return {[parse](std::string& text) {
            const auto parsed = parse(text);
            return parsed ? std::string() : parsed.error().message();
          },
          ""};
}

// The words for the values of an enumeration; to be given to transform().
template <typename Enum>
CLI::Validator word_for(const std::vector<std::pair<std::string, Enum>>& values) {
  std::vector<std::string> words;
  for (const auto& each : values) words.push_back(each.first);
  return {[values, check = one_of(std::move(words))](std::string& text) {
            if (std::string problem = check(text); !problem.empty()) return problem;
            for (const auto& [word, value] : values) {
              if (word != text) continue;
              // The form in which CLI11 reads an enumeration.
              text = std::to_string(static_cast<int>(value));
              break;
            }
            return std::string();
          },
          ""};
}

}  // namespace ccm::cli
