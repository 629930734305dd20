// SPDX-License-Identifier: Apache-2.0
// The loop of the agent's main thread, after everything was read and opened (service.h): publishes
// what is stored, tries to lead, and hands due work to the engine. One per process.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>

#include "agent/candidate.h"
#include "agent/cloud/call_ledger.h"
#include "agent/cloud/cloud_access.h"
#include "agent/engine.h"
#include "agent/event_stream.h"
#include "agent/neighbours.h"
#include "agent/process/sign_of_life.h"
#include "agent/publishing/altered_files.h"
#include "agent/publishing/publisher.h"
#include "agent/publishing/status_board.h"
#include "agent/room_watch.h"
#include "agent/settings_keeper.h"
#include "agent/watches.h"
#include "agent/worker_watch.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "config/input/wire.h"
#include "fleet/hosts/fleet_roster.h"
#include "lifecycle/schedule/clock_watch.h"
#include "publication/catalogue/asked_names.h"
#include "publication/worker_beats.h"
#include "publication/writer.h"
#include "store/store.h"

namespace ccm::agent {

// The store is the current directory (process/privileges.h).
inline constexpr const char* kStorePath = ".";

class ServiceLoop {
 public:
  struct Parts {
    const config::Config& config;
    std::unique_ptr<store::Store> store;
    std::optional<publication::AskedNames> asked;   // of the publisher's server
    std::optional<Publisher> publisher;             // of that store; nullopt: there is no server
    std::optional<publication::WorkerBeats> beats;  // of its workers
    // For a `ccmctl agent` that shows its status; nothing but notes is written.
    std::optional<publication::Writer> notes;
    std::optional<CloudAccess> access;  // until the engine has it
    bool may_lead;                      // accesses.h
    std::shared_ptr<fleet::FleetRoster> roster;
    Watches watches;
    config::ServerFacts server;
    SignOfLife& life;
    SettingsKeeper settings;
    CallLedger& calls;
    const Clock& clock;
    Log& log;
    EventStream& events;
  };
  explicit ServiceLoop(Parts parts);

  // Never returns: the process ends in it.
  int run();

 private:
  bool wants_to_lead() const { return engine_ == nullptr && parts_.may_lead; }
  bool is_in_fleet() const { return parts_.config.global().fleet.has_value(); }
  int wake_descriptor() const { return parts_.watches.attempt_end(); }
  void make_board();
  void try_to_lead();
  void try_to_lead_the_fleet();
  void hear_who_leads(Result<std::unique_ptr<store::Lease>> outcome);
  void take_lead(std::unique_ptr<store::Lease> lease);
  void tidy();
  void notice_the_clock();
  void notice_altered_files();
  void look_at_place();
  void look_at_room();
  void end_when_something_hangs();
  void end_when_lead_is_lost() const;
  void look_at_neighbours();
  void tell_of_fleet();
  std::chrono::milliseconds time_to_sleep() const;

  Parts parts_;
  Neighbours neighbours_;
  std::optional<config::Config> joined_;  // the configuration of the engine
  lifecycle::ClockWatch clock_watch_;
  AlteredFiles altered_files_;
  RoomWatch room_;
  WorkerWatch workers_;
  SteadyTime next_tidying_;
  SteadyTime next_look_at_neighbours_;
  bool is_away_ = false;      // the state directory is gone, and the log says so
  bool owes_a_look_ = false;  // at the neighbours, once kLookAtNeighbours has passed
  pid_t monitor_ = getppid();
  std::unique_ptr<Candidate> candidate_;  // in a fleet
  SteadyTime next_candidacy_;
  std::unique_ptr<Engine> engine_;
  std::optional<StatusBoard> board_;
  bool has_said_who_leads_ = false;
};

}  // namespace ccm::agent
