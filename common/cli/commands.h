// The commands of ccmctl: each function adds its own to the tree and sets `action` when the command
// line names it. What they hold lives as long as the tree.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/workspace.h"

namespace ccm::cli {

// status, list, show, history
void add_status_commands(CLI::App& app, Action& action);
// renew, rollback
void add_change_commands(CLI::App& app, Action& action);
void add_api_commands(CLI::App& app, Action& action);
// "certificates list", "ca create", …: entries of shortcuts.cpp.
void add_shortcuts(CLI::App& app, Action& action);

// A command with subcommands, made when it is not there yet.
CLI::App& group(CLI::App& app, const std::string& name, const std::string& description);

}  // namespace ccm::cli
