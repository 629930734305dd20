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

// Whether the table says which global options a command uses ("ca create"). For tests.
bool has_global_use(const std::string& command);

// The options that have an effect on a command, in the order of the general help. Leaves out
// --color, --version and --help, which always have one.
std::vector<std::string_view> global_options_of(std::string_view command);

// To be called after parsing: a sentence about a global option that the command ignores, or that
// has no effect because of another option; nullopt when there is none.
std::optional<std::string> find_unused_option(const CLI::App& app, const GlobalOptions& options);

}  // namespace ccm::cli
