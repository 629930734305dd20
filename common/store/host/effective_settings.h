// SPDX-License-Identifier: Apache-2.0
// The settings that a server's agent works with, left in the state directory so that ccmctl needs
// no options on a configured host, and the agent that leads knows what the other servers need: one
// owner-only file per running server (server_id.h), "settings-nginx-1f2e3d4c", in the form of
// config/input/wire.h. They hold paths and names, no secret.
//
// The settings say where credentials lie and which host gets them, and the store's account could
// replace the file. So where the agent starts as root, root owns the file and the account may only
// read it. Whoever sends a secret to a host that the settings name looks at `doubt` first.
//
// Every agent writes its file when it starts, leader or not; ccmctl and the leader read them.
// Another file says whether the server still runs (presence.h).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/input/wire.h"
#include "store/host/presence.h"
#include "store/host/server_id.h"

namespace ccm::store {

// The certificates of a stopped server still count for this long, because it may be restarting.
inline constexpr Seconds kServerGrace{900};
// Whether its settings count: it runs, or stopped no longer ago than that.
bool is_expected(const AgentSighting& seen, Time now);

inline constexpr std::string_view kSettingsPrefix = "settings-";
std::string effective_settings_path(const std::string& state_path, const ServerId& server);
// Every server that has left settings, readable or not.
std::vector<ServerId> servers_with_settings(const std::string& state_path);

Result<void> write_effective_settings(const std::string& state_path,
                                      const config::Handover& handover);

struct EffectiveSettings {
  ServerId server;
  config::Config config;
  config::ServerFacts facts = {};
  config::AgentFacts agent = {};
  // config::Settings::hosts().
  std::map<std::string, std::vector<std::string>, std::less<>> hosts = {};
  AgentSighting seen = {};
  // Why the file may not be what root wrote; nullopt when root or this user owns it and nobody else
  // could write it.
  std::optional<Error> doubt = {};
};
// The settings of all servers on this host; running servers come first. Empty when there is none.
// Leaves out settings of an earlier start of the same server, and files that cannot be read, such
// as those of another release; problem_of_effective_settings() says why. `rejected` when the
// directory may not be read.
Result<std::vector<EffectiveSettings>> read_effective_settings(const std::string& state_path,
                                                               SteadyTime now);

// Why the file of a server is left out; nullopt when it is not left out, or when there is no file.
std::optional<Error> problem_of_effective_settings(const std::string& state_path,
                                                   const ServerId& server);

// To be called before a certificate is forgotten (store/forgetting.h). `invalid` when a server's
// settings name the certificate, or cannot be read; the message says what to do.
Result<void> check_unnamed(const std::string& state_path, const std::string& name, SteadyTime now);

// Whether a server of this host shows everything in the store (config/catalogue.h), so that also
// certificates that no configuration names are in use. False when the settings cannot be read.
bool has_catalogue(const std::string& state_path, SteadyTime now);

// Removes the settings of an earlier start of the server `own`, which does not run any more. For
// agents; best effort.
void forget_predecessors(const std::string& state_path, const config::ServerFacts& own,
                         SteadyTime now);

}  // namespace ccm::store
