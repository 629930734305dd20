// SPDX-License-Identifier: Apache-2.0
// Takes in, on every host, the overview that the one that leads has written (overview_writer.h),
// and leaves it in the state directory, for the status and for ccmctl (store/host/fleet_note.h).
// What the fleet has not sealed changes nothing, and neither does an older one that somebody has
// put back. Callers serialise all calls.
#pragma once

#include <string>
#include <utility>

#include "base/fleet_overview.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "fleet/etcd/etcd_messages.h"
#include "fleet/store/fleet_entry.h"

namespace ccm::fleet {

// As it is sealed in etcd. `known_to`: the revision up to which its writer knew of no other one.
// etcd takes it only if there is none that is newer.
struct SentOverview {
  FleetOverview overview;
  EtcdRevision known_to = 0;
};
Secret serialize(const SentOverview& sent);
// `invalid` for bytes of anything else, such as another release.
Result<SentOverview> parse_sent_overview(const Secret& text);

class OverviewReader {
 public:
  // Borrows the log.
  OverviewReader(std::string state_path, Log& log)
      : state_path_(std::move(state_path)), log_(log) {}

  // Best effort. What does not count is told of.
  void take_in(const EtcdItem& item, const FleetKeys& keys);
  // etcd's revisions are others by now.
  void forget_revisions() noexcept { taken_in_ = 0; }

 private:
  const std::string state_path_;
  Log& log_;
  EtcdRevision taken_in_ = 0;  // of the last one
  std::string problem_;        // as it was told of last
};

}  // namespace ccm::fleet
