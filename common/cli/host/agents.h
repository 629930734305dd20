// SPDX-License-Identifier: Apache-2.0
// What ccmctl says about the servers of this host and their agents: their condition and what they
// serve. Read from the files that the agents leave in the state directory; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/output/terminal.h"
#include "store/host/effective_settings.h"

namespace ccm::cli {

using store::EffectiveSettings;

// `dead`: the server runs without an agent. `stopped`: the server does not run.
enum class AgentCondition : std::uint8_t { works, frozen, dead, stopped };
AgentCondition condition_of(const store::AgentSighting& seen) noexcept;
// "alive", "frozen", "dead", "stopped".
std::string_view word_of(AgentCondition condition) noexcept;
Colour colour_of(AgentCondition condition) noexcept;
// Whether its server runs while nobody publishes.
inline bool is_lost(AgentCondition condition) noexcept {
  return condition == AgentCondition::frozen || condition == AgentCondition::dead;
}

// "nginx"; with its PID file where there are several of the kind: "nginx (/run/nginx.pid)".
std::string title_of(const EffectiveSettings& server, const std::vector<EffectiveSettings>& all);
// What a server's administrator has to type so that the server starts an agent.
std::string_view reload_of(config::ServerKind server) noexcept;

// "agent alive (process 71), leads", "agent dead since 2026-05-10T18:42:00Z", …
std::string describe(const store::AgentSighting& seen);
// What is wrong with the server although its agent works, each a sentence without an end.
std::vector<std::string> troubles_of(const store::AgentSighting& seen);
// What an administrator should do; empty when nothing is wrong.
std::string remedy_of(const EffectiveSettings& server);

}  // namespace ccm::cli
