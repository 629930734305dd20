// SPDX-License-Identifier: Apache-2.0
#include "cli/input/value_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/values/duration.h"

namespace ccm::cli {

CLI::Validator one_of(std::vector<std::string> words, Case upper_and_lower) {
  return {[words = std::move(words), upper_and_lower](std::string& text) {
            const bool is_known = std::any_of(words.begin(), words.end(), [&](const auto& word) {
              return upper_and_lower == Case::counts ? word == text
                                                     : equals_ignoring_case(word, text);
            });
            if (is_known) return std::string();
            return fmt::format("\"{}\" is not one of {}", printable(text), join(words, ", "));
          },
          ""};
}

CLI::Validator number(WholeNumber allowed) {
  return {[allowed](std::string& text) {
            const auto given = parse_unsigned(text);
            if (given && *given >= allowed.least && *given <= allowed.most) return std::string();
            const bool is_limited = allowed.most != WholeNumber().most;
            return fmt::format("\"{}\" is no {} from {} {}", printable(text), allowed.what,
                               allowed.least,
                               is_limited ? fmt::format("to {}", allowed.most) : "on");
          },
          ""};
}

CLI::Option* add_duration(CLI::App& command, const char* name, const char* about,
                          std::function<void(Seconds)> take) {
  const auto parse = [take = std::move(take)](const std::string& text) {
    // The option's check has seen it.
    if (const auto duration = config::parse_duration(text)) take(*duration);
  };
  return command.add_option_function<std::string>(name, parse, about)
      ->type_name("DURATION")
      ->check(accepted_by(config::parse_duration));
}

}  // namespace ccm::cli
