// SPDX-License-Identifier: Apache-2.0
#include "server/watch/agent_watch.h"

#include <fmt/format.h>

namespace ccm::server {

AgentWatch::Finding AgentWatch::look(const Sight& sight, SteadyTime now) const noexcept {
  if (is_due(now)) return Finding::due;
  if (!sight.has_monitor) return Finding::nothing;
  if (!sight.is_attended) return Finding::dead;
  return sight.is_silent ? Finding::hanging : Finding::nothing;
}

void AgentWatch::started(SteadyTime now) noexcept {
  started_ = now;
  due_.reset();
}

void AgentWatch::ended(SteadyTime now) noexcept {
  const SteadyTime begin = started_.value_or(now);
  started_.reset();
  due_ = now + backoff_.failed_after(std::chrono::floor<Backoff::Delay>(now - begin));
}

std::string AgentWatch::lost(Finding finding, pid_t monitor, SteadyTime now) {
  ended(now);
  const auto delay = std::chrono::ceil<Seconds>(*due_ - now);
  return fmt::format("the agent's monitor (process {}) {}; starting it again {}", monitor,
                     finding == Finding::hanging ? "does not move any more" : "has died",
                     delay == Seconds::zero() ? "now" : fmt::format("in {} s", delay.count()));
}

}  // namespace ccm::server
