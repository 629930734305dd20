// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/events/kept_events.h"

#include <utility>

#include "base/boundary.h"

namespace ccm::lifecycle {

Event KeptEvents::keep(Event event) {
  if (event.at == Time{}) event.at = clock_.now();
  if (event.server.empty()) event.server = server_;
  event = bounded(std::move(event));
  const Result<void> kept = store_.append_event(event);
  if (kept) {
    has_complained_ = false;
  } else if (!has_complained_.exchange(true)) {
    log_.warn("{}; the work goes on, and events are missing from `ccmctl events`",
              kept.error().message());
  }
  return event;
}

void KeptEvents::tell(Event event) noexcept {
  const auto say = [this](const char* what) { log_.error("an event was lost: {}", what); };
  at_boundary(0, say, [&] {
    static_cast<void>(keep(std::move(event)));
    return 0;
  });
}

Result<void> KeptEvents::ask(Event event) noexcept {
  tell(std::move(event));
  return {};
}

}  // namespace ccm::lifecycle
