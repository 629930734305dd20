// The settings that a server's agent works with, left in the state directory so that ccmctl needs
// no options on a configured host, and the agent that leads knows what the other servers need: one
// owner-only file per kind of server, "settings-nginx",
// "settings-apache" or "settings-agent", in the form of config/wire.h. They hold paths and names, no secret.
//
// Written by every agent when it starts, leader or not (the last one of a kind wins), and touched
// now and then while it lives; read by ccmctl and by the leader.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/wire.h"

namespace ccm::lifecycle {

Result<void> write_effective_settings(const std::string& state_path,
                                      const config::Handover& handover);

// A sign of life of the agent that wrote them.
void touch_effective_settings(const std::string& state_path, config::ServerKind server) noexcept;

std::string effective_settings_path(const std::string& state_path, config::ServerKind server);

struct EffectiveSettings {
  config::ServerKind server;
  config::Config config;
  Time touched;  // the last sign of life
  config::ServerFacts facts = {};
  config::AgentFacts agent = {};
};
// Of all servers on this host; empty when there is none. A file that cannot be read, such as one of
// another release, is left out; problem_of_effective_settings() says why.
// `rejected` when the directory may not be read.
Result<std::vector<EffectiveSettings>> read_effective_settings(const std::string& state_path);

// Why the file of a server is left out; nullopt when it is not, or when there is none.
std::optional<Error> problem_of_effective_settings(const std::string& state_path,
                                                   config::ServerKind server);

// "nginx", "apache", "agent" (of `ccmctl agent`).
std::string_view name_of(config::ServerKind server) noexcept;

}  // namespace ccm::lifecycle
