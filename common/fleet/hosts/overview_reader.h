// SPDX-License-Identifier: Apache-2.0
// Takes the overview that the leading host has written (overview_writer.h), on every host, and
// leaves it in the state directory for the status and for ccmctl (store/host/fleet_note.h). Ignores
// an overview that the fleet has not sealed, and an older one that somebody has put back. Callers
// serialise all calls.
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

// The sealed content in etcd. `known_to`: the revision up to which its writer knew of no other
// overview. etcd accepts it only if there is none that is newer.
struct SentOverview {
  FleetOverview overview;
  EtcdRevision known_to = 0;
};
Secret serialize(const SentOverview& sent);
// `invalid` for any other bytes, such as those of another release.
Result<SentOverview> parse_sent_overview(const Secret& text);

class OverviewReader {
 public:
  // Borrows the log.
  OverviewReader(std::string state_path, Log& log)
      : state_path_(std::move(state_path)), log_(log) {}

  // Does its best. Logs why an overview is ignored.
  void take_in(const EtcdItem& item, const FleetKeys& keys);
  // To be called when etcd has begun new revisions.
  void forget_revisions() noexcept { taken_in_ = 0; }

 private:
  const std::string state_path_;
  Log& log_;
  EtcdRevision taken_in_ = 0;  // of the last one
  std::string problem_;        // the last one that was logged
};

}  // namespace ccm::fleet
