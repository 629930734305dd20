// SPDX-License-Identifier: Apache-2.0
// Leaves in the state directory of the host that leads how handshakes end on the other hosts with
// versions that are tried out, beside what this host's own servers have counted
// (store/host/canary_file.h): one line for each certificate, however many hosts there are, and one
// for each host on which it goes clearly worse. Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "fleet/hosts/host_book.h"
#include "store/host/canary_file.h"

namespace ccm::fleet {

// What the leader's verdict needs of them (policy/canary.h): all that are unremarkable are added
// up, as store::kOtherHosts.
std::vector<store::HostCanaries> summary_of(std::vector<store::HostCanaries> hosts);

class CanaryReader {
 public:
  struct Place {
    std::string self;  // the id of this host, which counts for itself
    std::string state_path;
  };
  explicit CanaryReader(Place place) : place_(std::move(place)) {}

  // All hosts, by their ids.
  Result<void> look(CanariesOfHosts all);
  // Nothing is tried out, or this host does not lead: leaves nothing behind.
  Result<void> rest() { return leave({}); }

 private:
  Result<void> leave(std::vector<store::HostCanaries> hosts);

  const Place place_;
  std::mutex mutex_;
  std::optional<std::vector<store::HostCanaries>> left_;  // nullopt: by whoever was here before
};

}  // namespace ccm::fleet
