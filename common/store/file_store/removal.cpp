// SPDX-License-Identifier: Apache-2.0
#include "store/file_store/removal.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "base/file.h"
#include "base/secret.h"
#include "store/file_store/file_inbox.h"
#include "store/file_store/record_file.h"
#include "store/forgetting.h"

namespace ccm::store {
namespace {

std::string certificates_path(const std::string& state_path) {
  return state_path + "/certificates";
}

std::string entry_path(const std::string& state_path, const std::string& name) {
  return fmt::format("{}/{}", certificates_path(state_path), name);
}

std::string records_path(const std::string& state_path, const std::string& name) {
  return entry_path(state_path, name) + "/records";
}

// No entry's name begins with a dot, so this name is free.
std::string doomed_path(const std::string& state_path, const std::string& name) {
  return fmt::format("{}/{}{}", certificates_path(state_path), kTemporaryMark, name);
}

// A renewal that was asked for is not wanted any more, even if no leader runs that knows of it.
void drop_wish(const std::string& state_path, const std::string& name) {
  FileInbox(state_path).drop_granted(name);
}

Result<void> check_there(const std::string& state_path, const std::string& name) {
  struct stat status {};
  if (lstat(entry_path(state_path, name).c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return {};
  }
  return fail(ErrorKind::rejected, fmt::format("the store has no certificate \"{}\"", name));
}

}  // namespace

Result<void> remove_entry(const std::string& state_path, const std::string& name) {
  if (Result<void> there = check_there(state_path, name); !there) return there;
  drop_wish(state_path, name);
  const std::string entry = entry_path(state_path, name);
  const std::string doomed = doomed_path(state_path, name);
  if (Result<void> cleared = remove_tree(doomed); !cleared) return cleared;
  if (rename(entry.c_str(), doomed.c_str()) != 0) {
    return fail(system_error(fmt::format("rename {}", entry), errno));
  }
  Result<void> done = sync_directory(certificates_path(state_path));
  if (done) done = remove_tree(doomed);
  if (done) return done;
  return fail_with(
      std::move(done),
      fmt::format("\"{}\" is forgotten, but its files are not all removed ({})", name, doomed));
}

Result<void> strip_entry(const std::string& state_path, const std::string& name) {
  if (Result<void> there = check_there(state_path, name); !there) return there;
  drop_wish(state_path, name);
  const std::string records = records_path(state_path, name);
  Result<std::vector<std::string>> kinds = list_directory(records, Links::nowhere);
  if (!kinds) return pass(std::move(kinds));
  for (const std::string& kind : *kinds) {
    if (Result<void> removed = remove_tree(fmt::format("{}/{}", records, kind)); !removed) {
      return removed;
    }
  }
  auto marked = write_record_file(records, kForgotten, Secret(), 0);
  if (!marked) return pass(std::move(marked));
  return {};
}

Result<void> finish_removals(const std::string& state_path) {
  const std::string directory = certificates_path(state_path);
  Result<std::vector<std::string>> names = list_directory(directory);
  if (!names) return pass(std::move(names));
  for (const std::string& name : *names) {
    if (!name.starts_with(kTemporaryMark)) continue;
    if (Result<void> done = remove_tree(fmt::format("{}/{}", directory, name)); !done) return done;
  }
  return {};
}

}  // namespace ccm::store
