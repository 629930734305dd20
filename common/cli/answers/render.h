// SPDX-License-Identifier: Apache-2.0
// Shows answers of the services: for people, lists as tables and objects as "field  value" lines;
// for scripts, the answer as it came. Private keys are shown to scripts only.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/cloud/cloud_access.h"
#include "cli/output/exit_code.h"
#include "cli/output/terminal.h"
#include "cli/workspace/workspace.h"

namespace ccm::cli {

// `columns`: "id,name,expire_time"; empty: every scalar field.
std::string as_table(const Terminal& terminal, const std::vector<cloud::JsonView>& rows,
                     std::string_view columns);
std::string as_lines(const Terminal& terminal, const cloud::JsonView& value);

// Prints an answer in the form that the options ask for. `columns` are those of its list, if it has
// one. `output` is a file that takes everything, readable by its owner only; an answer that is
// neither JSON nor text needs one.
Result<ExitCode> print_answer(const Workspace& workspace, const Answer& answer,
                              std::string_view columns = {}, const std::string& output = {});

// An object of our own, for scripts.
Result<ExitCode> print_object(cloud::JsonObject object);
Result<ExitCode> print_object_as_yaml(cloud::JsonObject object);
// What a command changed on this host; a version is 0 when there is none.
struct Change {
  std::string name;
  std::uint64_t version = 0;
  std::uint64_t before = 0;
};
// Prints the sentence for people, or for scripts the change and what each server makes of it
// (cli/host/served.h).
Result<ExitCode> print_change(const Workspace& workspace, const Change& change,
                              std::string_view sentence,
                              std::vector<cloud::JsonObject> servers = {});
// What a command would do on this host without --dry-run: "www: version 2 would become current".
Result<ExitCode> print_dry_run(const Workspace& workspace, std::string_view sentence);
// Writes an owner-only file and says so.
Result<ExitCode> write_output(const std::string& path, std::string_view content);

}  // namespace ccm::cli
