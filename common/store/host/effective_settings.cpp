// SPDX-License-Identifier: Apache-2.0
#include "store/host/effective_settings.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "base/account.h"
#include "base/file.h"
#include "base/text.h"
#include "store/host/canary_file.h"
#include "store/host/trouble.h"

namespace ccm::store {
namespace {

// Room for a hundred thousand certificates with their names.
constexpr std::size_t kLargestSettings = 64UL << 20U;

std::optional<Error> doubt_about(const OwnedFile& file, const std::string& path) {
  const bool is_ours = file.owner == 0 || file.owner == geteuid();
  if (is_ours && !is_writable_by_others(file.mode)) return std::nullopt;
  return Error(
      ErrorKind::rejected,
      fmt::format("{} {}, so what it says of credentials and endpoints is not believed; "
                  "reload the server so that root writes it anew, or give --credentials "
                  "and --region",
                  path,
                  is_ours
                      ? fmt::format("can be written by others (mode {:04o})", file.mode & 07777U)
                      : fmt::format("belongs to {} and not to root", user_text(file.owner))));
}

// If this process is root, root owns the file and the account may read it. Otherwise this process's
// account owns it.
FileAccess access_in(const std::string& state_path) {
  struct stat directory = {};
  if (geteuid() != 0 || stat(state_path.c_str(), &directory) != 0) return {};
  return {.mode = 0640, .owner = 0, .group = directory.st_gid};
}

Result<EffectiveSettings> read_one(const std::string& path, const ServerId& server) {
  const Result<OwnedFile> file = read_owned_file(path, kLargestSettings);
  if (!file) return fail(file.error());
  Result<config::Handover> handover = config::decode_handover(file->content);
  if (!handover) return pass(std::move(handover));
  Result<config::Config> config = handover->settings.finalize();
  if (!config) return pass(std::move(config));
  return EffectiveSettings{.server = server,
                           .config = *std::move(config),
                           .facts = std::move(handover->server),
                           .agent = std::move(handover->agent),
                           .hosts = handover->settings.hosts(),
                           .doubt = doubt_about(*file, path)};
}

bool is_running(const AgentSighting& seen) {
  return seen.is_alive || seen.has_server;
}

void drop_predecessors(std::vector<EffectiveSettings>& all) {
  std::set<std::pair<config::ServerKind, std::string>> taken;
  for (const EffectiveSettings& each : all) {
    if (is_running(each.seen) && !each.facts.place.empty()) {
      taken.emplace(each.server.kind, each.facts.place);
    }
  }
  std::erase_if(all, [&](const EffectiveSettings& each) {
    return !is_running(each.seen) && taken.count({each.server.kind, each.facts.place}) != 0;
  });
}

}  // namespace

bool is_expected(const AgentSighting& seen, Time now) {
  return is_running(seen) || (seen.last_seen && now - *seen.last_seen < kServerGrace);
}

std::string effective_settings_path(const std::string& state_path, const ServerId& server) {
  return fmt::format("{}/{}{}", state_path, kSettingsPrefix, to_string(server));
}

std::vector<ServerId> servers_with_settings(const std::string& state_path) {
  return servers_with(state_path, kSettingsPrefix);
}

Result<void> write_effective_settings(const std::string& state_path,
                                      const config::Handover& handover) {
  return write_file_atomically(effective_settings_path(state_path, id_of(handover.server)),
                               config::encode_handover(handover), access_in(state_path));
}

Result<std::vector<EffectiveSettings>> read_effective_settings(const std::string& state_path,
                                                               SteadyTime now) {
  if (access(state_path.c_str(), R_OK | X_OK) != 0 && errno == EACCES) {
    return fail(ErrorKind::rejected,
                fmt::format("{} may not be read by this user; run ccmctl as root or as the agent's "
                            "user",
                            state_path));
  }
  std::vector<EffectiveSettings> all;
  for (const ServerId& server : servers_with_settings(state_path)) {
    auto read = read_one(effective_settings_path(state_path, server), server);
    if (!read) continue;
    read->seen = look_at_agent(state_path, server, now);
    all.push_back(*std::move(read));
  }
  drop_predecessors(all);
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return is_running(a.seen) && !is_running(b.seen);
  });
  return all;
}

std::optional<Error> problem_of_effective_settings(const std::string& state_path,
                                                   const ServerId& server) {
  const std::string path = effective_settings_path(state_path, server);
  if (access(path.c_str(), F_OK) != 0) return std::nullopt;
  auto read = read_one(path, server);
  return read ? std::nullopt : std::optional<Error>(read.error());
}

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

bool has_catalogue(const std::string& state_path, SteadyTime now) {
  const auto all = read_effective_settings(state_path, now);
  return all && std::any_of(all->begin(), all->end(), [](const EffectiveSettings& each) {
           return !each.config.catalogues().empty();
         });
}

void forget_predecessors(const std::string& state_path, const config::ServerFacts& own,
                         SteadyTime now) {
  if (own.place.empty()) return;
  for (const ServerId& server : servers_with_settings(state_path)) {
    if (server.kind != own.kind || server.instance == own.instance) continue;
    const std::string path = effective_settings_path(state_path, server);
    const auto theirs = read_one(path, server);
    // Settings that cannot be read come from another release.
    if (theirs && theirs->facts.place != own.place) continue;
    if (is_running(look_at_agent(state_path, server, now))) continue;
    static_cast<void>(unlink(path.c_str()));
    static_cast<void>(unlink(presence_path(state_path, server).c_str()));
    static_cast<void>(unlink(trouble_path(state_path, server).c_str()));
    static_cast<void>(unlink(canary_path(state_path, server).c_str()));
  }
}

}  // namespace ccm::store
