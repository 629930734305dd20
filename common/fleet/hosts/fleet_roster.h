// SPDX-License-Identifier: Apache-2.0
// What a host's agent gets from the fleet besides the store: the settings of the other hosts'
// servers, as this host has last read them, and events about hosts. Only the leading host reads the
// settings (settings_reader.h). Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/event.h"
#include "config/config.h"
#include "store/host/server_id.h"

namespace ccm::fleet {

// A server of another host.
struct DistantServer {
  std::string host;  // its name, for people
  store::ServerId server;
  std::shared_ptr<const config::Config> config;  // shared by servers with the same one
};
using DistantServers = std::vector<DistantServer>;

class FleetRoster {
 public:
  // Never nullptr. Another object after every change.
  std::shared_ptr<const DistantServers> servers() const {
    const std::lock_guard lock(mutex_);
    return servers_;
  }
  void replace(DistantServers servers) {
    auto fresh = std::make_shared<const DistantServers>(std::move(servers));
    const std::lock_guard lock(mutex_);
    servers_ = std::move(fresh);
  }

  void tell(Event event) {
    const std::lock_guard lock(mutex_);
    if (events_.size() < kMostEvents) events_.push_back(std::move(event));
  }
  // The events since the last call.
  std::vector<Event> take_events() {
    const std::lock_guard lock(mutex_);
    return std::exchange(events_, {});
  }

 private:
  // An agent that takes no events has ended.
  static constexpr std::size_t kMostEvents = 10'000;

  mutable std::mutex mutex_;
  std::vector<Event> events_;
  std::shared_ptr<const DistantServers> servers_ = std::make_shared<const DistantServers>();
};

}  // namespace ccm::fleet
