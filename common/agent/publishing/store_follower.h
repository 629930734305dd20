// SPDX-License-Identifier: Apache-2.0
// Which certificates somebody who keeps up with the store has to look at: those that changed, and
// not all of them. The store tells (StoreReader::changes_since). It cannot tell what was changed
// behind its back, as by a restored backup, so all the others have their turn as well, a few at a
// time. How many have it depends on the time that has passed, not on how often somebody asks.
//
// Belongs to one thread. Borrows the configuration and the store.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "store/store_reader.h"

namespace ccm::agent {

class StoreFollower {
 public:
  // Every certificate has its turn within this time, as long as next() is called at least as often.
  static constexpr Seconds kRound{300};
  // Of a few certificates so many turns are taken in a round: 16 certificates have theirs within
  // five seconds.
  static constexpr std::size_t kLeastTurns = 16 * 60;

  StoreFollower(const config::Config& config, const store::StoreReader& store)
      : config_(config), store_(store) {}

  // The certificates to look at now; one may be there twice. All of them the first time, and when
  // the store cannot tell what has changed.
  std::vector<const config::CertificateSpec*> next(SteadyTime now);

 private:
  std::size_t turns(SteadyTime now);

  const config::Config& config_;
  const store::StoreReader& store_;
  store::Revision revision_;
  std::size_t whose_turn_ = 0;
  std::optional<SteadyTime> last_;  // up to when turns were taken
};

}  // namespace ccm::agent
