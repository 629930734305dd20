// SPDX-License-Identifier: Apache-2.0
// The agent's end of the stream of events. Each event goes into the store's log and, when the
// configuration has a hook for it, to the monitor (hooks/frames.h), which also sends the answers.
// It has two threads of its own, so that neither a hook nor a slow monitor delays the caller of
// tell(). Made before the agent is confined, started after that; lives as long as the process.
// Thread-safe. Borrows what it is made of.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/hooks/frames.h"
#include "base/event.h"
#include "config/config.h"
#include "lifecycle/events/kept_events.h"

namespace ccm::agent {

class EventStream final : public Events {
 public:
  struct Parts {
    store::Store& store;
    const config::Config& config;
    std::string server;
    const Clock& clock;
    Log& log;
    int to_monitor;  // descriptors, borrowed
    int from_monitor;
  };
  explicit EventStream(const Parts& parts);

  // Begins to pass on events. To be called once.
  void start();

  void tell(Event event) noexcept override;
  Result<void> ask(Event event) noexcept override;
  // The results of hooks since the start.
  publication::HookCounts hook_counts() const;
  // Runs the hooks of an event that has not happened and waits for them. Without hooks there are
  // no results. An error when there is no answer.
  Result<std::vector<HookResult>> test(Event event);

 private:
  struct State;

  bool has_hook(EventType type) const noexcept;
  Result<HookAnswer> question(EventCall call, Event event);
  // False when the queue is full; the lost event is counted.
  bool send(EventMessage message);

  lifecycle::KeptEvents kept_;
  const config::Config& config_;
  std::shared_ptr<State> state_;
};

}  // namespace ccm::agent
