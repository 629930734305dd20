// SPDX-License-Identifier: Apache-2.0
// Tells of changes in how a certificate is, once for each change and not at every look: failing,
// recovered, expiring, revoked. What was told is kept as a record of the certificate, so that a
// restarted agent does not say it again; with a disk that takes no record it is remembered for as
// long as the agent lives. After kill -9 at the worst moment something is told twice.
//
// Thread-safe, for one caller per certificate and function at a time. Borrows what it is made of.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/event.h"
#include "lifecycle/state.h"
#include "store/store.h"

namespace ccm::lifecycle {

class Health {
 public:
  Health(store::Store& store, Events& events) : store_(store), events_(events) {}

  // An attempt has ended with this state; `installed` is what is installed by then.
  void look(const store::Lease& lease, const std::string& name, const State& state,
            const std::optional<store::VersionInfo>& installed, Time now);
  // The authority says so of what is installed.
  void say_revoked(const store::Lease& lease, const std::string& name,
                   const store::VersionInfo& installed, const std::string& sentence);

 private:
  // The value of the record of that kind.
  std::string told(const std::string& name, std::string_view kind);
  void keep(const store::Lease& lease, const std::string& name, std::string_view kind,
            const std::string& value);

  store::Store& store_;
  Events& events_;
  std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> told_;  // by "KIND NAME"
};

}  // namespace ccm::lifecycle
