// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/leftovers.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "store/file_store/removal.h"

namespace ccm::store {
namespace {

// In directories where only leaders write: no other writer is alive, because this process leads.
Result<void> remove_leftovers_in(const std::string& directory) {
  Result<std::vector<std::string>> names = list_directory(directory);
  if (!names) return pass(std::move(names));
  for (const std::string& name : *names) {
    if (name.find(kTemporaryMark) == std::string::npos) continue;
    if (Result<void> removed = remove_tree(fmt::format("{}/{}", directory, name)); !removed)
      return removed;
  }
  return {};
}

// At the top of the store, where every agent and ccmctl write, whoever leads.
void remove_abandoned_in(const std::string& directory) {
  const Result<std::vector<std::string>> names = list_directory(directory);
  if (!names) return;
  for (const std::string& name : *names) {
    if (is_temporary_name(name)) {
      static_cast<void>(remove_if_abandoned(fmt::format("{}/{}", directory, name)));
    }
  }
}

}  // namespace

Result<void> remove_leftovers(const FileReader& reader) {
  Result<std::vector<std::string>> names = reader.names();
  if (!names) return pass(std::move(names));
  remove_abandoned_in(reader.state_path());
  if (Result<void> removed = finish_removals(reader.state_path()); !removed) return removed;
  std::vector<std::string> directories{reader.state_path() + "/records"};
  for (const std::string& name : *names) {
    const std::string certificate = reader.certificate_path(name);
    const std::string versions = certificate + "/versions";
    directories.insert(directories.end(), {certificate, versions, certificate + "/records"});
    const Result<std::vector<std::string>> numbers = list_directory(versions);
    if (!numbers) continue;
    for (const std::string& number : *numbers)
      directories.push_back(fmt::format("{}/{}", versions, number));
  }
  for (const std::string& directory : directories) {
    if (Result<void> removed = remove_leftovers_in(directory); !removed) return removed;
  }
  return {};
}

}  // namespace ccm::store
