// The settings that a server's agent works with, left in the state directory so that ccmctl needs
// no options on a configured host: one owner-only file per kind of server, "settings-nginx" or
// "settings-apache", in the form of config/wire.h. They hold paths and names, no secret.
//
// Written by every agent when it starts, leader or not (the last one of a kind wins); read by
// ccmctl.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/wire.h"

namespace ccm::lifecycle {

Result<void> write_effective_settings(const std::string& state_path,
                                      const config::Handover& handover);

struct EffectiveSettings {
  config::ServerKind server;
  config::Config config;
};
// Of all servers on this host; empty when there is none. A file of another release is left out.
// `rejected` when the directory may not be read.
Result<std::vector<EffectiveSettings>> read_effective_settings(const std::string& state_path);

// "nginx", "apache", "none".
std::string_view name_of(config::ServerKind server) noexcept;

}  // namespace ccm::lifecycle
