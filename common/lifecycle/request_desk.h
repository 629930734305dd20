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

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
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
    Events& events = no_events();
    // Has a thread do what may take long, such as waiting for hooks, and wakes whoever calls
    // serve() when it is done; false when no thread is free. Empty: it is done at once.
    std::function<bool(std::function<void()> work)> in_background = {};
    // Runs the hooks of an event that has not happened; what became of them goes into the answer.
    std::function<void(Event event, store::Answer& end)> run_hooks = {};
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
  // What waits for hooks, and is answered when they have ended.
  void serve_later(const store::Ticket& ticket, store::Request request);
  // On a thread of its own.
  void work_on(const store::Ticket& ticket, const store::Request& request) noexcept;
  Result<void> run_hooks(const store::Request& request, store::Answer& end);
  void finish(const store::Ticket& ticket, store::Wish wish, const Result<void>& served,
              store::Answer end);
  void finish_what_is_done();
  Result<void> serve(const store::Ticket& ticket, const store::Request& request,
                     store::Answer& end);
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
  std::set<std::string, std::less<>> in_background_;  // names
  std::mutex mutex_;                                  // guards what follows
  std::vector<std::function<void()>> done_;           // to be finished by serve()
};

}  // namespace ccm::lifecycle
