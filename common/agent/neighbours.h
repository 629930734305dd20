// SPDX-License-Identifier: Apache-2.0
// The other servers of this host that share the state directory, of another kind or of our own.
// Only one agent, the leader, talks to the cloud. It must also renew the certificates that only
// another server names, and learns them from the settings that every agent leaves in the state
// directory (store/host/effective_settings.h). The servers on the other hosts of a fleet are
// neighbours, too. Used by the agent's main thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "fleet/hosts/fleet_roster.h"
#include "store/host/effective_settings.h"

namespace ccm::agent {

class Neighbours {
 public:
  struct Parts {
    std::string state_path;
    store::ServerId server;
    const config::Config& own;
    const fleet::FleetRoster& roster;
    const Clock& clock;
    Log& log;
  };
  // Borrows what it is given by reference.
  explicit Neighbours(Parts parts) : parts_(std::move(parts)) {}

  // Our configuration with the certificates that only living neighbours name. Logs which of theirs
  // are left out, and why: they have other settings here, or use another cloud account. Of another
  // host only the region and the endpoints are compared: its credentials are in files of its own.
  config::Config joined();
  // Whether joined() would return something else now. Cheap when no file has changed.
  bool have_changed();

 private:
  // What changes when a neighbour writes its settings, and whether it lives.
  struct Traces {
    std::map<store::ServerId, std::tuple<unsigned long, long, bool>> here;
    std::shared_ptr<const fleet::DistantServers> elsewhere;

    bool operator==(const Traces&) const = default;
  };

  Traces look() const;
  bool is_there(const store::AgentSighting& seen) const;
  config::Config join(bool says_why) const;
  void join_distant(config::Config& all, bool says_why) const;
  void say_what_is_left_out(const store::EffectiveSettings& theirs, bool is_same) const;
  void say_what_is_left_out(const config::Config& all, const fleet::DistantServer& theirs,
                            bool is_same) const;

  Parts parts_;
  Traces traces_;
  std::string adopted_;  // what joined() took over, for comparison
};

}  // namespace ccm::agent
