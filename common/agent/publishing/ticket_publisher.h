// SPDX-License-Identifier: Apache-2.0
// Passes the ticket keys that the servers of a store share (store/ticket_record.h) from the store
// to this server's workers, whichever host leads. Leaves out keys that no valid ticket needs any
// more. Belongs to the agent's main thread, as the Publisher does.
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

  // Publishes the store's keys if they have changed. If the record cannot be read, the published
  // keys stay. If the server has keys of its own, nothing is published.
  void refresh(publication::Writer& writer, Time now);

 private:
  void complain(const std::string& problem);

  config::TicketKeys wanted_;
  const store::StoreReader& store_;
  Log& log_;
  std::string complaint_;  // so that it is logged once
  bool has_some_ = false;
};

}  // namespace ccm::agent
