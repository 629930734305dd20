// SPDX-License-Identifier: Apache-2.0
// Says in the server's log when nobody publishes any more: the agent, its monitor and its guard are
// gone, or stopped, and what is served stays as it is until it expires. And when somebody does
// again. Belongs to one process that serves, which lets it look every few seconds. Fed with the
// time.
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

  // `last_beat`: the publication's, if there was one. True when nobody publishes; two looks that
  // find silence are needed, as this process may have been stopped as well.
  bool look(std::optional<SteadyTime> last_beat, SteadyTime now);

 private:
  void say(Seconds silence, SteadyTime now);

  Log* log_;
  std::optional<SteadyTime> begin_;
  std::optional<SteadyTime> said_;
  bool was_silent_ = false;
};

}  // namespace ccm::server
