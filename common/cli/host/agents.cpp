// SPDX-License-Identifier: Apache-2.0
#include "cli/host/agents.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace ccm::cli {

using config::ServerKind;
using store::AgentSighting;

AgentCondition condition_of(const AgentSighting& seen) noexcept {
  if (seen.is_frozen()) return AgentCondition::frozen;
  if (seen.is_alive) return AgentCondition::works;
  return seen.has_server ? AgentCondition::dead : AgentCondition::stopped;
}

std::string_view word_of(AgentCondition condition) noexcept {
  switch (condition) {
    case AgentCondition::works:
      return "alive";
    case AgentCondition::frozen:
      return "frozen";
    case AgentCondition::dead:
      return "dead";
    case AgentCondition::stopped:
      break;
  }
  return "stopped";
}

Colour colour_of(AgentCondition condition) noexcept {
  return condition == AgentCondition::works     ? Colour::green
         : condition == AgentCondition::stopped ? Colour::dim
                                                : Colour::red;
}

std::string title_of(const EffectiveSettings& server, const std::vector<EffectiveSettings>& all) {
  const auto same = std::count_if(all.begin(), all.end(), [&](const EffectiveSettings& each) {
    return each.server.kind == server.server.kind;
  });
  std::string name = server.server.kind == ServerKind::none
                         ? "ccmctl agent"
                         : std::string(store::name_of(server.server.kind));
  if (same < 2 || server.facts.place.empty()) return name;
  const auto twins = std::count_if(all.begin(), all.end(), [&](const EffectiveSettings& each) {
    return each.server.kind == server.server.kind && each.facts.place == server.facts.place;
  });
  // During an upgrade of the running server, two servers have the same PID file.
  return twins < 2 ? fmt::format("{} ({})", name, printable(server.facts.place))
                   : fmt::format("{} ({}, {})", name, printable(server.facts.place),
                                 server.server.instance);
}

std::string_view reload_of(ServerKind server) noexcept {
  switch (server) {
    case ServerKind::nginx:
      return "nginx -t && nginx -s reload";
    case ServerKind::apache:
      return "apachectl configtest && apachectl graceful";
    case ServerKind::none:
      break;
  }
  return "restart ccmctl agent";
}

std::string describe(const AgentSighting& seen) {
  switch (condition_of(seen)) {
    case AgentCondition::works:
      return fmt::format("agent alive (process {}){}", seen.pid, seen.leads ? ", leads" : "");
    case AgentCondition::frozen:
      return fmt::format(
          "agent frozen (process {} has not moved for {}, or cannot write to the "
          "state directory)",
          seen.pid, format_duration(seen.silence.value_or(Seconds(0))));
    case AgentCondition::dead:
      return seen.last_seen ? fmt::format("agent dead since {}", format_time(*seen.last_seen))
                            : "agent dead";
    case AgentCondition::stopped:
      break;
  }
  return seen.last_seen
             ? fmt::format("the server does not run, last seen {}", format_time(*seen.last_seen))
             : "the server does not run";
}

std::vector<std::string> troubles_of(const AgentSighting& seen) {
  std::vector<std::string> all;
  for (const AgentFlaw flaw : seen.flaws.list()) all.emplace_back(sentence_of(flaw));
  if (seen.is_late() && !seen.is_frozen() && !seen.flaws.has(AgentFlaw::unwritable_state)) {
    all.push_back(fmt::format(
        "its agent has given no sign of life for {}: it hangs, or cannot write to the state "
        "directory",
        format_duration(*seen.silence)));
  }
  if (seen.silent_workers.count > 0) all.push_back(sentence_of(seen.silent_workers));
  return all;
}

std::string remedy_of(const EffectiveSettings& server) {
  switch (condition_of(server.seen)) {
    case AgentCondition::works:
      return {};
    case AgentCondition::frozen:
      return fmt::format("kill -9 {}; when no other is started: {}", server.seen.pid,
                         reload_of(server.server.kind));
    case AgentCondition::dead:
      return fmt::format("have another one started: {}", reload_of(server.server.kind));
    case AgentCondition::stopped:
      break;
  }
  return fmt::format("start {}", store::name_of(server.server.kind));
}

}  // namespace ccm::cli
