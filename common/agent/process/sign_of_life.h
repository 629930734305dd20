// SPDX-License-Identifier: Apache-2.0
// Shows others that the agent lives, and what is wrong with it: ccmctl and other agents through the
// presence file (store/host/presence.h), its monitor through shared memory (pulse.h). Belongs to
// the agent's main thread, which calls give() at least every kBeat, also between two parts of long
// work.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/process/pulse.h"
#include "base/agent_flaws.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/silent_workers.h"
#include "config/input/wire.h"
#include "store/host/presence.h"
#include "store/store_reader.h"

namespace ccm::agent {

class SignOfLife {
 public:
  static constexpr Seconds kBeat{5};

  struct Parts {
    std::string state_path;
    const config::ServerFacts& server;
    std::vector<std::string> publishes;  // the certificates that it publishes
    Pulse pulse;
    const Clock& clock;
    Log& log;
  };
  // Clock and log must outlive the object.
  explicit SignOfLife(Parts parts);

  // Cheap when called too soon. Returns the time.
  SteadyTime give();
  void serves(std::string_view name, store::VersionNumber version) noexcept {
    presence_.serves(name, version);
  }
  void leads() noexcept { presence_.leads(); }
  void sees(const SilentWorkers& silent, SteadyTime now) noexcept { presence_.sees(silent, now); }
  // The next sign of life reports it.
  void note(AgentFlaw flaw, bool is_so) noexcept { flaws_.set(flaw, is_so); }
  AgentFlaws flaws() const noexcept { return flaws_; }
  // Why the last sign of life could not be written down; empty when it could.
  const std::string& problem() const noexcept { return problem_; }

 private:
  void claim(SteadyTime now);

  Pulse pulse_;
  const Clock& clock_;
  Log& log_;
  store::Presence presence_;
  AgentFlaws flaws_;
  std::string problem_;
  SteadyTime next_;
  unsigned failures_ = 0;
  bool is_claimed_ = false;
};

}  // namespace ccm::agent
