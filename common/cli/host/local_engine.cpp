// SPDX-License-Identifier: Apache-2.0
#include "cli/host/local_engine.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "cli/output/terminal_log.h"
#include "lifecycle/lifecycle.h"
#include "lifecycle/lockout.h"
#include "sources/source_drivers.h"

namespace ccm::cli {
LocalEvents::LocalEvents(StoreAccess& access, const Clock& clock)
    : log_(std::make_unique<TerminalLog>()), kept_(access.store(), "ccmctl", clock, *log_) {}

store::Answer renew_here(CloudAccess& cloud, StoreAccess& access, const config::Config& config,
                         const std::string& name, const Clock& clock) {
  TerminalLog log;
  const store::Lease& lease = *access.lease();
  const auto guard = lifecycle::make_store_lockout_guard(access.store(), lease, clock);
  cloud::Session session({cloud.http(), cloud.credentials(), *guard, clock, cloud.endpoints().iam});
  // No hook is run, because only an agent's monitor runs hooks.
  LocalEvents events(access, clock);
  const sources::Sources sources(
      {session, cloud.endpoints(), access.store(), clock, log, events.stream()});
  const auto source_of = [&sources](const config::SourceSpec& source) -> sources::Source& {
    return sources.of(source);
  };
  // Not an agent's launch id, so that the next agent tries again what failed here.
  lifecycle::Lifecycle engine({.config = config,
                               .store = access.store(),
                               .source_of = source_of,
                               .clock = clock,
                               .log = log,
                               .launch_id = "ccmctl",
                               .events = events.stream()});
  engine.start(lease);
  engine.ask_for_renewal(name);
  // Other certificates that are due are left to the agent.
  for (const std::string& due : engine.take_due(clock.now(), config.certificates().size())) {
    if (due == name) engine.attempt(due, lease);
  }
  auto answers = engine.take_answers();
  if (!answers.empty()) {
    // Nobody will try again.
    answers.back().second.again_at.reset();
    return std::move(answers.back().second);
  }
  return {.error = Error(ErrorKind::internal, "the renewal was not begun")};
}

}  // namespace ccm::cli
