// SPDX-License-Identifier: Apache-2.0
// Makes the ticket keys that the servers of a store share, and deletes them when their time is over
// (policy/ticket_keys.h says when). Belongs to the engine of the agent that leads, on its main
// thread. Where several hosts share a store, each of their engines has one: the store lets one of
// them through, and the others find its keys.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "store/store.h"

namespace ccm::agent {

class TicketKeeper {
 public:
  // The shortest time between two writes. Hosts whose clocks differ much disagree about which keys
  // have ended, and would otherwise write all the time.
  static constexpr Seconds kBetweenWrites{5};

  // Borrows all but the first. If no server wants keys, it makes none and deletes those that have
  // ended.
  TicketKeeper(config::TicketKeys wanted, store::Store& store, const store::Lease& lease, Log& log)
      : wanted_(wanted), store_(store), lease_(lease), log_(log) {}

  // Does what is due.
  void look(Time now);
  // When there is something to do again, if the keys in the store do not change.
  Time next_wake() const noexcept { return next_; }

 private:
  Result<void> keep(Time now);

  config::TicketKeys wanted_;
  store::Store& store_;
  const store::Lease& lease_;
  Log& log_;
  Time next_{};
  Time last_write_{};
  std::string complaint_;  // so that it is logged once
};

}  // namespace ccm::agent
