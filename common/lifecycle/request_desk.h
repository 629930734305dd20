// SPDX-License-Identifier: Apache-2.0
// Serves what ccmctl asked for (store/inbox.h), for as long as the agent leads the store: but for
// certificates that are in work, which have their turn when the attempt has ended. What became of
// it is left as an answer (store/answer.h) and, when it cannot be done, logged.
//
// A renewal stays wanted until an attempt gets to an end: it installs a certificate, finds nothing
// newer, or fails in a way that no further try can help. What it waits for may take a while (the
// first day of a certificate, a cloud that is down), so it is remembered in the inbox for
// the next agent: the server loads another configuration, the
// credentials change, a kill.
//
// Belongs to the agent's main thread. Borrows what it is made of.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "lifecycle/lifecycle.h"
#include "store/inbox.h"
#include "store/store.h"

namespace ccm::lifecycle {

class RequestDesk {
 public:
  struct Parts {
    std::string state_path;  // where servers leave their settings
    store::Store& store;
    const store::Lease& lease;
    Lifecycle& lifecycle;
    Log& log;
    const config::Config& config;
    const Clock& clock;
  };
  explicit RequestDesk(Parts parts) : parts_(std::move(parts)) {}

  // After Lifecycle::start: what an earlier agent did not get to the end of.
  void resume();
  void serve();

 private:
  // A renewal that has begun and is wanted still.
  struct Granted {
    std::vector<std::string> ids;
    unsigned interruptions = 0;  // agents in a row that ended within an attempt
  };

  void resume(const std::string& name);
  void answer_renewals();
  void serve(const store::Ticket& ticket);
  Result<void> serve(const store::Ticket& ticket, const store::Request& request);
  Result<void> renew(const store::Ticket& ticket);
  Result<void> roll_back(const store::Request& request);
  Result<void> install(const store::Request& request);
  Result<void> let_go(const store::Request& request);
  // Ends a renewal that is wanted, because the operator has asked for something else since.
  void supersede(const std::string& name);
  void answer(const store::Ticket& ticket, const store::Answer& answer);
  void remember(const std::string& name, const Granted& granted);
  void forget(const std::string& name);
  Granted recall(const std::string& name) const;

  Parts parts_;
  std::map<std::string, Granted, std::less<>> granted_;
};

}  // namespace ccm::lifecycle
