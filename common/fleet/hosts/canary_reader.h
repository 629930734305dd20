// SPDX-License-Identifier: Apache-2.0
// Keeps in the state directory of the leading host how handshakes end on the other hosts with
// versions that are tried out, beside the counts of this host's own servers
// (store/host/canary_file.h). One line for each certificate, however many hosts there are, and one
// for each host with clearly worse results. Thread-safe.
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

// What the leader's decision needs (policy/canary.h): the counts of all unremarkable hosts are
// added up as store::kOtherHosts.
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
  // To be called when nothing is tried out or this host does not lead: removes the counts.
  Result<void> rest() { return leave({}); }

 private:
  Result<void> leave(std::vector<store::HostCanaries> hosts);

  const Place place_;
  std::mutex mutex_;
  std::optional<std::vector<store::HostCanaries>> left_;  // nullopt: not known
};

}  // namespace ccm::fleet
