// SPDX-License-Identifier: Apache-2.0
// Writes to the server's log when no agent publishes, and when one publishes again. In between, the
// agent, its monitor and its guard are gone or stopped, and the served certificates do not change
// until they expire. Belongs to one process that serves, which calls look() every few seconds and
// passes the time.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/log.h"

namespace ccm::server {

class PublicationWatch {
 public:
  // An agent gives a sign of life every five seconds, and one that hangs is replaced after twenty.
  static constexpr Seconds kSilence{30};
  static constexpr Seconds kSayAgain{3600};

  // `log` must outlive the object.
  explicit PublicationWatch(Log& log) : log_(&log) {}

  // `last_beat`: the publication's, if there was one. True when no agent publishes. Two looks in a
  // row must find silence, because this process may itself have been stopped.
  bool look(std::optional<SteadyTime> last_beat, SteadyTime now);

 private:
  void say(Seconds silence, SteadyTime now);

  Log* log_;
  std::optional<SteadyTime> begin_;
  std::optional<SteadyTime> said_;
  bool was_silent_ = false;
};

}  // namespace ccm::server
