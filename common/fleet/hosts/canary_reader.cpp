// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/canary_reader.h"

#include <iterator>

#include "policy/canary.h"

namespace ccm::fleet {

std::vector<store::HostCanaries> summary_of(std::vector<store::HostCanaries> hosts) {
  std::vector<store::HostCanaries> summary;
  store::HostCanaries others{.host = std::string(store::kOtherHosts), .counted = {}};
  for (store::HostCanaries& each : hosts) {
    store::HostCanaries remarkable{.host = std::move(each.host), .counted = {}};
    for (auto at = each.counted.begin(); at != each.counted.end();) {
      const auto next = std::next(at);
      if (policy::is_clearly_worse(at->second.total, policy::kDeviationsOfOne)) {
        remarkable.counted.insert(each.counted.extract(at));
      }
      at = next;
    }
    store::add_totals(others.counted, each.counted);
    if (!remarkable.counted.empty()) summary.push_back(std::move(remarkable));
  }
  if (!others.counted.empty()) summary.push_back(std::move(others));
  return summary;
}

Result<void> CanaryReader::look(CanariesOfHosts all) {
  std::vector<store::HostCanaries> others;
  for (auto& [id, canaries] : all) {
    if (id != place_.self) others.push_back(std::move(canaries));
  }
  return leave(summary_of(std::move(others)));
}

Result<void> CanaryReader::leave(std::vector<store::HostCanaries> hosts) {
  const std::lock_guard lock(mutex_);
  if (left_ == hosts) return {};
  if (Result<void> left = store::write_distant_canaries(place_.state_path, hosts); !left) {
    return left;
  }
  left_ = std::move(hosts);
  return {};
}

}  // namespace ccm::fleet
