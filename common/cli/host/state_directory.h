// SPDX-License-Identifier: Apache-2.0
// What is wrong with the state directory that ccmctl was told of, or took for granted: for commands
// that would otherwise say of a wrong one that all is well. Reads only; one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/workspace/workspace.h"

namespace ccm::cli {

struct WrongDirectory {
  std::string what;    // "/srv/ccm is not there"
  std::string remedy;  // what would be right
  // No server has run here yet, and nobody said that one had.
  bool is_new_host = false;
  bool is_empty = false;
};
// nullopt: it is a store, or this user may not look.
std::optional<WrongDirectory> find_wrong_directory(const GlobalOptions& options);

// Says so on standard error. Whether it did.
bool say_wrong_directory(const Workspace& workspace);

// Settings that servers left and that cannot be read: so certificates may be missing, or look as if
// nobody had them. A sentence each.
std::vector<std::string> describe_unreadable_settings(Workspace& workspace);
// Files among the directories of the certificates. A sentence; nullopt when there is none.
std::optional<std::string> describe_strays(const store::StoreReader& store);
// Says what keeps an answer about this host from being the whole one; `failed` when there is
// something.
ExitCode say_flaws(Workspace& workspace, bool are_strays_meant = true);

}  // namespace ccm::cli
