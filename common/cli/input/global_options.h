// SPDX-License-Identifier: Apache-2.0
// The options that may stand anywhere on the command line, and which commands use them: an option
// that a command would ignore is refused. One thread.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/input/options.h"

namespace ccm::cli {

void add_global_options(CLI::App& app, GlobalOptions& options);

// Whether it is known which global options a command uses ("ca create"). For the tests.
bool has_global_use(const std::string& command);

// Those that have an effect on a command, in the order of the help of all; --color, --version and
// --help always have one and are left out.
std::vector<std::string_view> global_options_of(std::string_view command);

// After parsing: a sentence about a global option that was given and that the command, or another
// option beside it, leaves without effect; nullopt when every one is used.
std::optional<std::string> find_unused_option(const CLI::App& app, const GlobalOptions& options);

}  // namespace ccm::cli
