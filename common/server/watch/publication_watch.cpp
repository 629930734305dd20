// SPDX-License-Identifier: Apache-2.0
#include "server/watch/publication_watch.h"

#include <algorithm>

namespace ccm::server {

bool PublicationWatch::look(std::optional<SteadyTime> last_beat, SteadyTime now) {
  if (!begin_) begin_ = now;
  const SteadyTime last = std::max(last_beat.value_or(*begin_), *begin_);
  const auto silence = std::chrono::duration_cast<Seconds>(now - last);
  const bool is_silent = silence > kSilence;
  const bool is_certain = is_silent && was_silent_;
  if (is_certain) say(silence, now);
  if (!is_silent && said_) {
    log_->notice("an agent looks after the certificates again");
    said_.reset();
  }
  was_silent_ = is_silent;
  return is_certain;
}

void PublicationWatch::say(Seconds silence, SteadyTime now) {
  if (said_ && now - *said_ < kSayAgain) return;
  said_ = now;
  log_->error(
      "no agent has given a sign of life for {}: certificates are served as they are, and no new "
      "one comes; a reload of the server starts an agent, `ccmctl doctor` says more",
      format_duration(silence));
}

}  // namespace ccm::server
