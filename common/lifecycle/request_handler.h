// SPDX-License-Identifier: Apache-2.0
// Serves the requests that ccmctl has left (store/inbox.h), while the agent leads the store. A
// request for a certificate that is in work waits until the attempt has ended. The result is kept
// as an answer (store/answer.h); a failure is also logged.
//
// A renewal stays wanted until an attempt installs a certificate, finds nothing newer, or fails in
// a way that no further attempt can help. That may take a while (a certificate that is not valid
// yet, a cloud that is down). So the renewal is kept in the inbox for the next agent, which starts
// after a reload, a change of credentials or a kill. Anything else is not begun again: whoever
// leads next answers that it was cut short.
//
// Belongs to the agent's main thread. Borrows what it is made of.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
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

class RequestHandler {
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
    // Runs `work`, which may take long (it waits for hooks), on another thread and then wakes
    // whoever calls serve(). False when no thread is free. Empty: the caller runs `work` itself.
    std::function<bool(std::function<void()> work)> in_background = {};
    // Whether a thread is free for that, so that nothing is noted of work that cannot begin. Empty:
    // one always is.
    std::function<bool()> has_free_thread = {};
    // Runs the hooks of an event that has not happened. Puts their result into the answer.
    std::function<void(Event event, store::Answer& end)> run_hooks = {};
  };
  explicit RequestHandler(Parts parts) : parts_(std::move(parts)) {}

  // Takes up the renewals that an earlier agent did not finish, and answers what else it did not.
  // To be called after Lifecycle::start().
  void resume();
  void serve();

 private:
  // A renewal that has begun and is still wanted.
  struct Granted {
    std::vector<std::string> ids;
    unsigned interruptions = 0;  // agents in a row that ended during an attempt
  };

  void resume(const std::string& name);
  void answer_renewals();
  void serve(const store::Ticket& ticket);
  // Serves a request that waits for hooks; answers it when they have ended.
  void serve_later(const store::Ticket& ticket, store::Request request);
  // Runs on a thread of its own.
  void work_on(const store::Ticket& ticket, const store::Request& request) noexcept;
  Result<void> run_hooks(const store::Request& request, store::Answer& end);
  void finish(const store::Ticket& ticket, store::Wish wish, const Result<void>& served,
              store::Answer end);
  void finish_what_is_done();
  // Whether this leader may serve it now. Then it has been removed; otherwise it is tried again
  // later.
  bool takes(const store::Ticket& ticket, const Result<store::Request>& request,
             const std::optional<std::string>& note);
  // Notes that this leader is about to serve it. False when that cannot be written: then it is
  // tried again later. Forgetting goes on without the note.
  bool notes_begun(const store::Ticket& ticket, const Result<store::Request>& request);
  void has_to_wait(const store::Ticket& ticket, const Result<store::Request>& request,
                   const Error& problem);
  // One that was not taken: it is tried again, or somebody has withdrawn it.
  void leave_alone(const store::Ticket& ticket);
  // What an agent before has taken and not answered.
  void answer_cut_short();
  // Those to be served now: what lies in the inbox, and what could not be taken before. That may
  // have been removed all the same, with the answer lost.
  std::vector<store::Ticket> due_tickets();
  Result<store::Request> read(const store::Ticket& ticket) const;
  Result<void> serve(const store::Ticket& ticket, const store::Request& request,
                     store::Answer& end);
  Result<void> renew(const store::Ticket& ticket);
  // As the note reads once the request is served.
  Granted granted_with(const store::Ticket& ticket) const;
  Result<void> roll_back(const store::Request& request);
  Result<void> install(const store::Request& request);
  Result<void> let_go(const store::Request& request);
  // Ends a wanted renewal, because the operator has asked for something else since.
  void supersede(const std::string& name);
  void answer(const store::Ticket& ticket, const store::Answer& answer);
  bool is_answered(const std::string& id) const;
  static std::string note_of(const Granted& granted);
  void remember(const std::string& name, const Granted& granted);
  void forget(const std::string& name);
  Granted recall(const std::string& name) const;

  Parts parts_;
  std::map<std::string, Granted, std::less<>> granted_;
  std::set<std::string, std::less<>> in_background_;  // names
  mutable std::mutex mutex_;                          // guards what follows
  std::vector<std::function<void()>> done_;           // to be finished by serve()
  struct Waiting {
    std::string name;
    std::optional<store::Request> request;  // as it was read; nullopt: it could not be read
    SteadyTime again;
  };
  std::map<std::string, Waiting> waiting_;  // by the id
};

}  // namespace ccm::lifecycle
