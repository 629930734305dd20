// SPDX-License-Identifier: Apache-2.0
// What is said to the operator about the command line itself: a mistake in one sentence, and help.
// Pure.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace ccm::cli {

// The sentence about a line that does not parse. `words`: those after the program's name;
// `complaint`: what the parser said.
std::string explain_mistake(const CLI::App& root, const std::vector<std::string>& words,
                            const std::string& complaint);

// Help as this program shows it: what an option takes in a word, or the choices when they are few.
std::shared_ptr<CLI::FormatterBase> help_format();

}  // namespace ccm::cli
