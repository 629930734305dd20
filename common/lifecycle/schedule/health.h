// SPDX-License-Identifier: Apache-2.0
// Sends an event when the condition of a certificate changes: failing, recovered, expiring,
// revoked. It sends one event for each change, not one for each look. What was sent is kept in
// records of the certificate, so that a restarted agent does not send it again. When the disk takes
// no record, the agent remembers it while it lives. After kill -9 at the worst moment an event is
// sent twice.
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
#include "lifecycle/schedule/state.h"
#include "store/store.h"

namespace ccm::lifecycle {

class Health {
 public:
  Health(store::Store& store, Events& events) : store_(store), events_(events) {}

  // To be called when an attempt has ended with `state`. `installed` is the version that is
  // installed then.
  void look(const store::Lease& lease, const std::string& name, const State& state,
            const std::optional<store::VersionInfo>& installed, Time now);
  // To be called when the authority or its service says that the installed version is revoked.
  // False when that was told before.
  bool say_revoked(const store::Lease& lease, const std::string& name,
                   const store::VersionInfo& installed, const std::string& sentence);

 private:
  // The value of the certificate's record of that kind.
  std::string told(const std::string& name, std::string_view kind);
  void keep(const store::Lease& lease, const std::string& name, std::string_view kind,
            const std::string& value);

  store::Store& store_;
  Events& events_;
  std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> told_;  // by "KIND NAME"
};

}  // namespace ccm::lifecycle
