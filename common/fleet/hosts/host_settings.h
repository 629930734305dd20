// SPDX-License-Identifier: Apache-2.0
// What a host of a fleet tells the others about its servers: the settings that their agents have
// left in the state directory (store/host/effective_settings.h), in one value.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "config/input/settings.h"
#include "fleet/hosts/fleet_roster.h"

namespace ccm::fleet {

// Changes whenever a server of this host writes its settings, or is not expected any more
// (store::is_expected).
using SettingsTraces = std::map<store::ServerId, std::tuple<unsigned long, long>>;
SettingsTraces look_at_settings(const std::string& state_path, const Clock& clock);

// The settings of those servers. `invalid` when they are too large for one value of etcd.
Result<Secret> pack_settings(const std::string& state_path, const std::string& host,
                             const SettingsTraces& servers);

// Keeps one copy of a configuration, however many hosts have it. One thread.
class ConfigPool {
 public:
  Result<std::shared_ptr<const config::Config>> finalize(config::Settings settings);

 private:
  std::map<std::string, std::weak_ptr<const config::Config>> known_;  // by the settings' SHA-256
};

// The settings as another host has packed them. `problem`: why servers are missing, for the log;
// empty: none is missing.
struct HostSettings {
  std::string host;
  DistantServers servers = {};
  std::string problem = {};
};
// `invalid` for a text that no host packs.
Result<HostSettings> parse_settings(const Secret& packed, ConfigPool& pool);

}  // namespace ccm::fleet
