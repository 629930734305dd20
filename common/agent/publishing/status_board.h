// SPDX-License-Identifier: Apache-2.0
// Tells the server's workers what the agent knows, so that any of them can answer for the whole
// server (server/status): about the agent itself, its calls, and each certificate that the server
// shows. Belongs to the agent's main thread, beside the publisher, and writes notes into the
// publisher's segment.
//
// A look costs only what has changed in the store since the last one, and what was altered behind
// the store's back (altered_files.h). Most calls do nothing, because it looks once a second at
// most. When there is much to tell, as after the start, each call tells a part of it, so that
// nothing else on the main thread has to wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/cloud/call_ledger.h"
#include "base/clock.h"
#include "base/fleet_overview.h"
#include "base/log.h"
#include "config/config.h"
#include "lifecycle/attempt/canary.h"
#include "publication/writer.h"
#include "store/host/fleet_note.h"
#include "store/store_reader.h"

namespace ccm::agent {

class StatusBoard {
 public:
  static constexpr Seconds kBetweenLooks{1};
  // Certificates in one call; for each of them some small files are read.
  static constexpr std::size_t kMostAtOnce = 100;

  struct Parts {
    const config::Config& config;
    const store::StoreReader& store;
    publication::Writer& writer;
    CallLedger& ledger;
    const Clock& clock;
    Log& log;
    std::string account;  // of the cloud; empty: not known
    bool has_access;      // the credentials could be read
    // What is wrong with this agent; an empty function: nothing.
    std::function<AgentFlaws()> flaws = {};
    // The results of hooks since this agent began; an empty function: there are none.
    std::function<publication::HookCounts()> hooks = {};
    lifecycle::CanaryCounter canary_counter = {};
    // How this host stands with its fleet; an empty function: it is in none.
    std::function<std::optional<store::FleetNote>()> fleet = {};
    // How all hosts of the fleet are, as this host last heard; an empty function: it is in none.
    std::function<std::optional<FleetOverview>()> fleet_overview = {};
  };
  // Continues the counts of the agent before.
  explicit StatusBoard(Parts parts);

  // The files of these certificates have changed; the next look tells it.
  void notice(const std::vector<std::string>& names);
  // `next_wake`: when the engine wants to do something; the latest possible time: never, or there
  // is no engine.
  void look(bool leads, Time next_wake);
  // look() has more to tell at once.
  bool has_more() const noexcept { return is_telling_; }
  // Otherwise the next look, soon, has something to tell.
  bool is_at_rest() const noexcept { return waiting_.empty() && !has_more_events_; }

 private:
  using PastEvents = decltype(publication::CertificateStatus::events);

  void find_changes();
  void find_events();
  void wait(const std::string& name);
  void tell_of_agent(bool leads, Time next_wake);
  void add_fleet(const std::optional<store::FleetNote>& note);
  void tell_of_fleet();
  void tell_of_calls(const CallLedger::State& state);
  void tell_of(const std::string& name);
  void say(const Error& error);

  Parts parts_;
  publication::AgentStatus agent_;
  publication::HookCounts hooks_before_;  // of earlier agents
  SteadyTime next_look_{};
  store::Revision revision_{};
  std::uint64_t ledger_revision_ = 0;
  store::EventMark events_read_;
  bool has_more_events_ = false;
  std::map<std::string, PastEvents, std::less<>> past_events_;
  std::deque<std::string> waiting_;
  bool is_telling_ = false;  // some of those that waited at the last look are not told yet
  std::set<std::string, std::less<>> is_waiting_;
  std::set<std::string, std::less<>> tried_out_;
  bool has_complained_ = false;
};

// What the store and the segment say of a certificate.
publication::CertificateStatus status_of(const config::CertificateSpec& spec,
                                         const store::StoreReader& store,
                                         const publication::Writer& writer, Time now,
                                         const lifecycle::CanaryCounter& counter = {});

}  // namespace ccm::agent
