// SPDX-License-Identifier: Apache-2.0
#include "store/forgetting.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "store/effective_settings.h"
#include "store/record_file.h"
#include "store/request.h"
#include "store/store_reader.h"

namespace ccm::store {
namespace {

std::string certificates_path(const std::string& state_path) {
  return state_path + "/certificates";
}

std::string entry_path(const std::string& state_path, const std::string& name) {
  return StoreReader(state_path).certificate_path(name);
}

std::string records_path(const std::string& state_path, const std::string& name) {
  return entry_path(state_path, name) + "/records";
}

// No entry's name begins with a dot, so this is nobody's.
std::string doomed_path(const std::string& state_path, const std::string& name) {
  return fmt::format("{}/{}{}", certificates_path(state_path), kTemporaryMark, name);
}

// A renewal that was asked for is not wanted any more, also when no leader runs who knows of it.
void drop_wish(const std::string& state_path, const std::string& name) {
  static_cast<void>(unlink(granted_path(state_path, name).c_str()));
}

Result<void> check_there(const std::string& state_path, const std::string& name) {
  struct stat status {};
  if (lstat(entry_path(state_path, name).c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return {};
  }
  return fail(ErrorKind::rejected, fmt::format("the store has no certificate \"{}\"", name));
}

}  // namespace

Result<void> check_unnamed(const std::string& state_path, const std::string& name, SteadyTime now) {
  for (const ServerId& server : servers_with_settings(state_path)) {
    const auto problem = problem_of_effective_settings(state_path, server);
    if (!problem) continue;
    return fail(ErrorKind::invalid,
                fmt::format("the settings of {} cannot be read ({}: {}), so nobody can tell "
                            "whether it names the certificate; reload the server, which writes "
                            "them anew, or remove that file when the server is gone",
                            name_of(server.kind), effective_settings_path(state_path, server),
                            printable(problem->message())));
  }
  const auto settings = read_effective_settings(state_path, now);
  if (!settings) return fail(settings.error());
  for (const EffectiveSettings& each : *settings) {
    if (each.config.find(name) == nullptr) continue;
    return fail(
        ErrorKind::invalid,
        fmt::format("{} has it in its configuration, so it stays; take it out there and "
                    "reload, or remove {} when that server is gone for good",
                    name_of(each.server.kind), effective_settings_path(state_path, each.server)));
  }
  return {};
}

bool is_forgotten(const std::string& state_path, const std::string& name) {
  const std::string records = records_path(state_path, name);
  const auto mark = read_record_file(records, kForgotten);
  if (!mark || !*mark) return false;
  const auto state = read_record_file(records, "state");
  return state && !*state;
}

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
