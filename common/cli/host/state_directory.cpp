// SPDX-License-Identifier: Apache-2.0
#include "cli/host/state_directory.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/sentences.h"
#include "base/text.h"
#include "cli/host/agents.h"
#include "store/host/state_directory.h"

namespace ccm::cli {
namespace {

using store::DirectoryContent;

constexpr std::size_t kNamedStrays = 3;
constexpr const char* kGiveTheRightOne =
    "give the state_path (CCMStateDir) of this host's servers with --state-dir";
constexpr const char* kStartAServer =
    "the first start of nginx or Apache with a ccm configuration makes the store; where its "
    "state_path (CCMStateDir) is another one, give that with --state-dir";

}  // namespace

std::optional<WrongDirectory> find_wrong_directory(const GlobalOptions& options) {
  const std::string path = printable(options.state_directory);
  const bool is_default = options.state_directory == GlobalOptions().state_directory;
  struct stat facts {};
  if (stat(options.state_directory.c_str(), &facts) != 0) {
    if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) return std::nullopt;
    return WrongDirectory{.what = fmt::format("the state directory {} is not there", path),
                          .remedy = is_default ? kStartAServer : kGiveTheRightOne,
                          .is_new_host = is_default};
  }
  if (!S_ISDIR(facts.st_mode)) {
    return WrongDirectory{.what = fmt::format("{} is a file and no state directory", path),
                          .remedy = kGiveTheRightOne};
  }
  switch (store::content_of_directory(options.state_directory)) {
    case DirectoryContent::nothing:
      return WrongDirectory{.what = fmt::format("the state directory {} is empty", path),
                            .remedy = kStartAServer,
                            .is_new_host = is_default,
                            .is_empty = true};
    case DirectoryContent::foreign:
      return WrongDirectory{
          .what = fmt::format("{} is no state directory: it holds something else", path),
          .remedy = kGiveTheRightOne};
    case DirectoryContent::store:
      break;
  }
  return std::nullopt;
}

bool say_wrong_directory(const Workspace& workspace) {
  const auto wrong = find_wrong_directory(workspace.options);
  if (wrong) Terminal::say(fmt::format("ccmctl: {}; {}", wrong->what, wrong->remedy));
  return wrong.has_value();
}

std::vector<std::string> describe_unreadable_settings(Workspace& workspace) {
  const std::string& state_path = workspace.options.state_directory;
  std::vector<std::string> sentences;
  for (const auto& [server, problem] : workspace.unreadable_settings()) {
    sentences.push_back(fmt::format(
        "the settings of {} cannot be read, so what it names is not known: {}: {}; let the agent "
        "write them anew: {}",
        store::name_of(server.kind), store::effective_settings_path(state_path, server),
        printable(problem.message()), reload_of(server.kind)));
  }
  return sentences;
}

std::optional<std::string> describe_strays(const store::StoreReader& store) {
  const std::vector<std::string> paths = store.strays();
  if (paths.empty()) return std::nullopt;
  std::vector<std::string> strays;
  for (const std::string& path : paths) strays.push_back(printable(path));
  const std::string& first = strays.front();
  return fmt::format(
      "only directories, one for each certificate, belong into {}; move this away: {}",
      first.substr(0, first.rfind('/')), enumerated(strays, kNamedStrays));
}

ExitCode say_flaws(Workspace& workspace, bool are_strays_meant) {
  std::vector<std::string> flaws = describe_unreadable_settings(workspace);
  const auto strays = are_strays_meant ? describe_strays(workspace.store()) : std::nullopt;
  if (strays) flaws.push_back(*strays);
  for (const std::string& flaw : flaws) Terminal::say("ccmctl: " + flaw);
  return flaws.empty() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace ccm::cli
