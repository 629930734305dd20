// The other servers of this host that share the state directory. Only one agent talks to the cloud
// (the leader), and it must look after the certificates that only another server names as well; it
// knows them from the settings that every agent leaves in the state directory
// (lifecycle/effective_settings.h). Used by the agent's main thread.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "config/wire.h"

namespace ccm::agent {

class Neighbours {
 public:
  // An agent touches its settings every kHeartbeat; one whose settings are older than kLife is
  // gone.
  static constexpr Seconds kHeartbeat{300};
  static constexpr Seconds kLife{900};

  // `own` and `log` must outlive the object.
  Neighbours(std::string state_path, config::ServerKind server, const config::Config& own,
             Log& log);

  // Our configuration with the certificates that only living neighbours name. Says which of theirs
  // are left out, and why: they are set differently here, or use another cloud account.
  config::Config joined(Time now);
  // Whether joined() would give something else by now. Cheap when no file has changed.
  bool have_changed(Time now);

 private:
  // What changes when a neighbour writes its settings, and whether it lives.
  using Traces = std::map<config::ServerKind, std::tuple<unsigned long, long, bool>>;

  Traces look(Time now) const;
  config::Config join(Time now, bool says_why) const;
  bool may_adopt(const config::Config& theirs, config::ServerKind server, bool says_why) const;

  std::string state_path_;
  config::ServerKind server_;
  const config::Config& own_;
  Log& log_;
  Traces traces_;
  std::string adopted_;  // what joined() took over, for comparison
};

}  // namespace ccm::agent
