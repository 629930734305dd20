// SPDX-License-Identifier: Apache-2.0
// Carries the ticket keys that the servers of a store share (store/ticket_record.h) from the store
// to this server's workers, whoever leads. Keys that open nothing any more are left out. Belongs to
// the agent's main thread, as the Publisher does.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "publication/writer.h"
#include "store/store_reader.h"

namespace ccm::agent {

class TicketPublisher {
 public:
  // Borrows both.
  TicketPublisher(config::TicketKeys wanted, const store::StoreReader& store, Log& log)
      : wanted_(wanted), store_(store), log_(log) {}

  // Publishes the keys of the store when they are others. A record that cannot be read leaves what
  // is published. Where the server has keys of its own, there are none.
  void refresh(publication::Writer& writer, Time now);

 private:
  void complain(const std::string& problem);

  config::TicketKeys wanted_;
  const store::StoreReader& store_;
  Log& log_;
  std::string complaint_;  // so as to say it once
  bool has_some_ = false;
};

}  // namespace ccm::agent
