// SPDX-License-Identifier: Apache-2.0
// The pages of the reference that are made from the program's own tables: commands and options from
// the tree that parses the command line, error codes from the table that judges answers. Used by
// `ccmctl generate` only, for scripts/generate-reference. Pure.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace ccm::cli {

// docs/reference/ccmctl.md
std::string reference_of_commands(const CLI::App& root);
// docs/reference/errors.md
std::string reference_of_errors();

}  // namespace ccm::cli
