// SPDX-License-Identifier: Apache-2.0
// Events that go into the store's log and nowhere else: for ccmctl, which acts itself when no agent
// leads and runs no hooks, and as the first half of the agent's stream (agent/event_stream.h).
// Borrows what it is made of. Thread-safe.
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
  // With everything filled in, and kept as far as the disk allows: what cannot be written is said
  // once, until something can be written again, and stops nobody.
  Event keep(Event event);

 private:
  store::Store& store_;
  std::string server_;
  const Clock& clock_;
  Log& log_;
  std::atomic<bool> has_complained_ = false;
};

}  // namespace ccm::lifecycle
