// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "base/handle.h"
#include "base/text.h"
#include "cli/doctor/doctor.h"
#include "cli/host/links.h"
#include "store/host/state_room.h"

namespace ccm::cli {
namespace {

constexpr std::string_view kAgent = "ccm-agent";
constexpr int kPublication = 3;  // the agent's descriptor (launch/launch.h)

// Compares the folder itself. The text of the link in /proc differs when doctor runs in a chroot
// and the agent in a mount namespace.
bool is_agent_of(const std::string& process, const std::string& state_path) {
  std::ifstream file(process + "/comm");
  std::string name;
  std::getline(file, name);
  std::error_code error;
  return name == kAgent && std::filesystem::equivalent(process + "/cwd", state_path, error);
}

// The folders in /proc of the agents that use this store. Only root sees them.
std::vector<std::string> agents_of(const std::string& state_path) {
  std::vector<std::string> agents;
  const Handle<DIR, closedir> processes(opendir("/proc"));
  while (const dirent* entry = processes ? readdir(processes.get()) : nullptr) {
    if (!parse_unsigned(entry->d_name)) continue;
    const std::string process = fmt::format("/proc/{}", entry->d_name);
    if (is_agent_of(process, state_path)) agents.push_back(process);
  }
  return agents;
}

// The file that the publication is in; nullopt when it is memory, as it should be, or cannot be
// seen.
std::optional<std::string> substitute_of(const std::string& process) {
  const std::string target = link_text(fmt::format("{}/fd/{}", process, kPublication));
  const bool is_file =
      target.starts_with('/') && !target.starts_with("/memfd:") && !target.starts_with("/dev/null");
  if (!is_file) return std::nullopt;
  return target.substr(0, target.rfind('/'));
}

bool has_notifications(const std::string& process) {
  const Handle<DIR, closedir> open_files(opendir((process + "/fd").c_str()));
  if (!open_files) return true;
  while (const dirent* entry = readdir(open_files.get())) {
    const std::string path = fmt::format("{}/fd/{}", process, entry->d_name);
    if (link_text(path) == "anon_inode:inotify") return true;
  }
  return false;
}

// As the agent sees it in its mount namespace.
bool is_read_only(const std::string& process, const std::string& state_path) {
  return store::look_for_refusal(process + "/root" + state_path) == EROFS;
}

void examine_agent(const std::string& process, const std::string& state_path, Findings& findings) {
  const std::string subject =
      fmt::format("unit of agent {}", process.substr(process.rfind('/') + 1));
  bool is_good = true;
  if (is_read_only(process, state_path)) {
    is_good = false;
    findings.bad(subject, fmt::format("{} is read-only for it, so nothing is renewed", state_path),
                 fmt::format("ReadWritePaths={} in the server's unit, then restart it; or mount it "
                             "for writing",
                             shell_word(state_path)));
  }
  if (const auto place = substitute_of(process)) {
    is_good = false;
    findings.doubtful(
        subject,
        fmt::format("memfd_create is refused to its server, so certificates reach the "
                    "workers through a file without a name in {}",
                    *place),
        "SystemCallFilter=memfd_create in the server's unit, then restart it");
  }
  if (!has_notifications(process)) {
    is_good = false;
    findings.doubtful(subject,
                      "inotify is refused to it, so it looks at the state directory every second",
                      "SystemCallFilter=inotify_init1 in the server's unit, or more of "
                      "fs.inotify.max_user_instances, then restart it");
  }
  if (is_good) findings.good(subject, "takes away nothing that is needed");
}

}  // namespace

void examine_units(Workspace& workspace, Findings& findings) {
  if (geteuid() != 0) return;
  std::error_code error;
  const auto real = std::filesystem::canonical(workspace.options.state_directory, error);
  if (error) return;
  for (const std::string& process : agents_of(real.string())) {
    examine_agent(process, real.string(), findings);
  }
}

}  // namespace ccm::cli
