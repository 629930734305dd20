// SPDX-License-Identifier: Apache-2.0
// The settings that a server's agent works with, left in the state directory so that ccmctl needs
// no options on a configured host, and the agent that leads knows what the other servers need: one
// owner-only file per running server (server_id.h), "settings-nginx-1f2e3d4c", in the form of
// config/wire.h. They hold paths and names, no secret.
//
// They say where credentials lie and whom they are sent to, and the store's account could have put
// others in their place. So they are root's own file, which the account may read, wherever the
// agent begins as root; and whoever is told by them where to send a secret looks at `doubt` first.
//
// Written by every agent when it starts, leader or not; read by ccmctl and by the leader. Whether
// the server still runs is another file's to say (presence.h).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/wire.h"
#include "store/host/presence.h"
#include "store/host/server_id.h"

namespace ccm::store {

inline constexpr std::string_view kSettingsPrefix = "settings-";
std::string effective_settings_path(const std::string& state_path, const ServerId& server);
// Of every server that has left settings, readable or not.
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
  // Why the file may not be what root wrote; nullopt when it belongs to root or to this user, and
  // nobody else could write it.
  std::optional<Error> doubt = {};
};
// Of all servers on this host, those that run first; empty when there is none. What a server left
// that has been started anew since then is not among them. A file that cannot be read, such as one
// of another release, is left out; problem_of_effective_settings() says why.
// `rejected` when the directory may not be read.
Result<std::vector<EffectiveSettings>> read_effective_settings(const std::string& state_path,
                                                               SteadyTime now);

// Why the file of a server is left out; nullopt when it is not, or when there is none.
std::optional<Error> problem_of_effective_settings(const std::string& state_path,
                                                   const ServerId& server);

// Before a certificate is forgotten (store/forgetting.h): `invalid`, with what to do, when the
// settings that a server has left name it, or cannot be read, so that nobody can tell.
Result<void> check_unnamed(const std::string& state_path, const std::string& name, SteadyTime now);

// Whether a server of this host shows everything in the store, so that a certificate is of use that
// no configuration names (config/catalogue.h). False when that cannot be told.
bool has_catalogue(const std::string& state_path, SteadyTime now);

// Removes what a server left that was at the same place and does not run any more: its successor
// has settings of its own. For agents; best effort.
void forget_predecessors(const std::string& state_path, const config::ServerFacts& own,
                         SteadyTime now);

}  // namespace ccm::store
