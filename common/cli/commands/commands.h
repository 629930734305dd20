// SPDX-License-Identifier: Apache-2.0
// The commands of ccmctl: each function adds its own to the tree and sets `action` when the command
// line names it. What they hold lives as long as the tree. The table in application.cpp calls them.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/workspace/workspace.h"

namespace ccm::cli {

// status
void add_status(CLI::App& app, Action& action);
// list, show, history
void add_look_commands(CLI::App& app, Action& action);
// check: what the servers show, for monitoring systems
void add_check(CLI::App& app, Action& action);
// verify: the same for people
void add_verify(CLI::App& app, Action& action);
// renew, rollback
void add_change_commands(CLI::App& app, Action& action);
// orders list, show, cancel, retry
void add_orders(CLI::App& app, Action& action);
// events
void add_events(CLI::App& app, Action& action);
// fleet status, keys, init, join, admit, leave, rotate
void add_fleet(CLI::App& app, Action& action);
// forget
void add_forget(CLI::App& app, Action& action);
// import, into the store of this host
void add_local_import(CLI::App& app, Action& action);
// agent: the engine without a web server
void add_agent(CLI::App& app, Action& action);
// export, certificates export, private-certificates export. Called after the shortcuts, whose
// groups they join.
void add_export_commands(CLI::App& app, Action& action);
// push, deploy
void add_delivery_commands(CLI::App& app, Action& action);
void add_revoke(CLI::App& app, Action& action);
// ca export. Called after the shortcuts.
void add_authority_export(CLI::App& app, Action& action);
// issue, certificates import, csr upload
void add_request_commands(CLI::App& app, Action& action);
// doctor
void add_doctor(CLI::App& app, Action& action);
// policy
void add_policy(CLI::App& app, Action& action);
// generate: manual and completion, made from the tree, so it is called last.
void add_generate(CLI::App& app, Action& action);
void add_api_commands(CLI::App& app, Action& action);
// "certificates list", "ca create", …: entries of shortcuts.cpp.
void add_shortcuts(CLI::App& app, Action& action);

// The command of that name, which has subcommands; made if it does not exist yet.
CLI::App& group(CLI::App& app, const std::string& name, const std::string& description);

}  // namespace ccm::cli
