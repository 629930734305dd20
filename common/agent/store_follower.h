// SPDX-License-Identifier: Apache-2.0
// Which certificates a follower of the store has to look at: those that have changed, according to
// StoreReader::changes_since(). The store cannot tell about changes that no Store made, such as a
// restored backup, so the others are looked at as well, a few at a time.
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
  // Every certificate is looked at within this time, if next() is called at least as often.
  static constexpr Seconds kRound{300};
  // How many unchanged certificates each call of next() adds at least.
  static constexpr std::size_t kLeastTurns = 16;

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
  std::optional<SteadyTime> last_;
};

}  // namespace ccm::agent
