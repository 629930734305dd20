// SPDX-License-Identifier: Apache-2.0
// Writes events into the store's log and runs no hooks. ccmctl uses it when no agent leads and it
// acts itself; the agent's stream of events uses it as its first step (agent/event_stream.h).
// Borrows its arguments. Thread-safe.
#pragma once

#include <atomic>
#include <string>

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "store/store.h"

namespace ccm::lifecycle {

class KeptEvents final : public Events {
 public:
  // `server`: for events that name none.
  KeptEvents(store::Store& store, std::string server, const Clock& clock, Log& log)
      : store_(store), server_(std::move(server)), clock_(clock), log_(log) {}

  void tell(Event event) noexcept override;
  Result<void> ask(Event event) noexcept override;
  // Fills in what the event lacks and writes it into the log. A failure is logged once, until a
  // write succeeds again, and stops nobody.
  Event keep(Event event);

 private:
  store::Store& store_;
  std::string server_;
  const Clock& clock_;
  Log& log_;
  std::atomic<bool> has_complained_ = false;
};

}  // namespace ccm::lifecycle
