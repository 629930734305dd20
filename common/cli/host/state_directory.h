// SPDX-License-Identifier: Apache-2.0
// What is wrong with the state directory, given or assumed. Commands use it that would otherwise
// report that all is well in a wrong directory. Reads only; one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/workspace/workspace.h"

namespace ccm::cli {

struct WrongDirectory {
  std::string what;    // "/srv/ccm is not there"
  std::string remedy;  // what would be right
  // No server has run here yet, and nobody has said that one has.
  bool is_new_host = false;
  bool is_empty = false;
};
// nullopt: it is a store, or this user may not look.
std::optional<WrongDirectory> find_wrong_directory(const GlobalOptions& options);

// Says it on standard error. Returns whether something is wrong.
bool say_wrong_directory(const Workspace& workspace);

// A sentence for each server whose settings cannot be read. Certificates may then be missing, or
// look as if nobody used them.
std::vector<std::string> describe_unreadable_settings(Workspace& workspace);
// A sentence about files among the directories of the certificates; nullopt when there are none.
std::optional<std::string> describe_strays(const store::StoreReader& store);
// Says why an answer about this host is incomplete, and returns `failed`; does nothing when it is
// complete.
ExitCode say_flaws(Workspace& workspace, bool are_strays_meant = true);

}  // namespace ccm::cli
