// SPDX-License-Identifier: Apache-2.0
// Which running server an agent works for, and the names of the files about it in the state
// directory: "settings-nginx-1f2e3d4c" (effective_settings.h), "agent-nginx-1f2e3d4c" (presence.h),
// "trouble-nginx-1f2e3d4c" (trouble.h), "canary-nginx-1f2e3d4c" (canary_file.h). Values; any
// thread.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/input/wire.h"

namespace ccm::store {

struct ServerId {
  config::ServerKind kind = config::ServerKind::none;
  std::string instance;  // config::ServerFacts

  auto operator<=>(const ServerId&) const = default;
};

inline ServerId id_of(const config::ServerFacts& facts) {
  return {facts.kind, facts.instance};
}

// "nginx", "apache", "agent" (of `ccmctl agent`).
std::string_view name_of(config::ServerKind server) noexcept;

// "nginx-1f2e3d4c"; "nginx" when the instance is not known.
std::string to_string(const ServerId& server);
// The inverse; nullopt for anything else, temporary files included.
std::optional<ServerId> parse_server_id(std::string_view text);

// Every server that has a file with this prefix ("settings-"), sorted by kind, then by instance;
// empty when the directory cannot be read.
std::vector<ServerId> servers_with(const std::string& directory, std::string_view prefix);

}  // namespace ccm::store
