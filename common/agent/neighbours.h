// SPDX-License-Identifier: Apache-2.0
// The other servers of this host that share the state directory, of another kind or of our own.
// Only one agent, the leader, talks to the cloud. It must also renew the certificates that only
// another server names, and learns them from the settings that every agent leaves in the state
// directory (store/host/effective_settings.h). Used by the agent's main thread.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "store/host/effective_settings.h"

namespace ccm::agent {

class Neighbours {
 public:
  // The certificates of a stopped server are still renewed for this long, because it may be
  // restarting.
  static constexpr Seconds kGrace{900};

  // `own` and `log` must outlive the object.
  Neighbours(std::string state_path, store::ServerId server, const config::Config& own,
             const Clock& clock, Log& log);

  // Our configuration with the certificates that only living neighbours name. Logs which of theirs
  // are left out, and why: they have other settings here, or use another cloud account.
  config::Config joined();
  // Whether joined() would return something else now. Cheap when no file has changed.
  bool have_changed();

 private:
  // What changes when a neighbour writes its settings, and whether it lives.
  using Traces = std::map<store::ServerId, std::tuple<unsigned long, long, bool>>;

  Traces look() const;
  bool is_there(const store::AgentSighting& seen) const;
  config::Config join(bool says_why) const;
  bool may_adopt(const store::EffectiveSettings& theirs, bool says_why) const;

  std::string state_path_;
  store::ServerId server_;
  const config::Config& own_;
  const Clock& clock_;
  Log& log_;
  Traces traces_;
  std::string adopted_;  // what joined() took over, for comparison
};

}  // namespace ccm::agent
