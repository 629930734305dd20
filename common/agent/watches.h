// SPDX-License-Identifier: Apache-2.0
// What wakes the agent besides its lifeline: a change in the store and the end of an attempt. Where
// the system refuses notifications (inotify), `store` is empty and the agent looks every second.
#pragma once

#include <string>

#include "base/handle.h"
#include "base/log.h"
#include "base/result.h"

namespace ccm::agent {

struct Watches {
  FileDescriptor store;          // to be polled; empty: there are no notifications
  FileDescriptor attempt;        // to be polled
  FileDescriptor attempt_input;  // written to by the engine; empty: `attempt` is both ends

  int attempt_end() const noexcept { return attempt_input ? attempt_input.get() : attempt.get(); }
  // Forgets what has woken us.
  void empty() const;
};

// Fails when the system has neither an eventfd nor a pipe for us.
Result<Watches> open_watches(const std::string& state_directory, Log& log);

}  // namespace ccm::agent
