// SPDX-License-Identifier: Apache-2.0
// Everything that talks to the cloud. Made when this agent has become the leader of the store.
// Attempts run on the engine's own threads; the main thread only hands them out, and is woken
// through a descriptor when one has ended.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/cloud/call_ledger.h"
#include "agent/cloud/cloud_access.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "publication/catalogue/asked_names.h"
#include "store/answer.h"
#include "store/store.h"

namespace ccm::agent {

// How many threads an engine starts at most.
unsigned most_threads(const config::GlobalConfig& global) noexcept;

class Engine {
 public:
  struct Parts {
    const config::Config& config;
    std::string state_path;
    store::Store& store;
    std::unique_ptr<store::Lease> lease;
    const Clock& clock;
    Log& log;
    std::string launch_id;
    CallLedger& calls;    // counts those of the engine
    int wake_descriptor;  // an eventfd or a pipe, borrowed: written to when an attempt has ended
    Events& events = no_events();
    // See lifecycle::RequestHandler::Parts.
    std::function<void(Event event, store::Answer& end)> run_hooks = {};
    // The names that clients ask this server's catalogues for; nullptr: they are not known.
    publication::AskedNames* asked = nullptr;
  };
  static std::unique_ptr<Engine> start(Parts parts, CloudAccess access);

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  // Serves what ccmctl asked for, then hands out what is due, as far as threads are free. Main
  // thread only.
  virtual void hand_out(Time now) = 0;
  // The files of these certificates have changed in the store, whoever changed them. The list may
  // also hold certificates that are not this engine's.
  virtual void notice(const std::vector<std::string>& names) = 0;
  // The wall clock was set forward by `by` (back when it is negative). To be called before the next
  // hand_out().
  virtual void clock_was_set(Seconds by) = 0;
  // The state directory can be written to again, so failed attempts are due at once.
  virtual void room_is_back() = 0;
  // False when the lead was lost: nothing more is to be handed out.
  virtual bool leads() const = 0;
  // Whether no job is running.
  virtual bool is_idle() const = 0;
  // How long the oldest running job has been running; 0 when none is.
  virtual Seconds longest_work(SteadyTime now) const = 0;
  // When to call hand_out() again if nothing else happens.
  virtual Time next_wake() const = 0;

 protected:
  Engine() = default;
};

}  // namespace ccm::agent
