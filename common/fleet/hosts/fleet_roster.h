// SPDX-License-Identifier: Apache-2.0
// What the servers of a fleet's other hosts are set to, as this host has read it last. Only the
// host that leads reads it (settings_reader.h). Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "store/host/server_id.h"

namespace ccm::fleet {

// A server of another host.
struct DistantServer {
  std::string host;  // its name, for people
  store::ServerId server;
  std::shared_ptr<const config::Config> config;  // the same object where servers are set alike
};
using DistantServers = std::vector<DistantServer>;

class FleetRoster {
 public:
  // Never nullptr. Another object whenever it has changed.
  std::shared_ptr<const DistantServers> servers() const {
    const std::lock_guard lock(mutex_);
    return servers_;
  }
  void replace(DistantServers servers) {
    auto fresh = std::make_shared<const DistantServers>(std::move(servers));
    const std::lock_guard lock(mutex_);
    servers_ = std::move(fresh);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const DistantServers> servers_ = std::make_shared<const DistantServers>();
};

}  // namespace ccm::fleet
