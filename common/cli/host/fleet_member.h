// SPDX-License-Identifier: Apache-2.0
// ccmctl's own connection to the etcd of a fleet, for work that no agent does. One per process; one
// thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/workspace/workspace.h"
#include "fleet/access/fleet_access.h"
#include "fleet/hosts/fleet_survey.h"
#include "fleet/store/fleet_keyring.h"

namespace ccm::cli {

// What the command line says; an empty member: as the settings say.
struct FleetOptions {
  std::vector<std::string> endpoints;
  std::string fleet;
  std::string key;
  std::string ca;
  std::string certificate;
  std::string certificate_key;
  std::string login;
};

// What the settings of this host's servers say about a fleet; nullopt: nothing. `rejected` when
// they cannot be trusted.
Result<std::optional<config::FleetConfig>> find_fleet(Workspace& workspace);
// From the options, and for what they leave open from the settings; by the rules of the directive
// "store".
Result<config::FleetConfig> choose_fleet(Workspace& workspace, const FleetOptions& options);
// The host's name in the system.
std::string this_host();

// A connection to etcd, without the fleet's keys.
class FleetLink {
 public:
  static Result<FleetLink> open(const config::FleetConfig& place);

  fleet::FleetKeyring& keyring() noexcept { return *keyring_; }
  const std::string& fleet() const noexcept { return layout_->name(); }
  Result<fleet::FleetSurvey> survey(const fleet::FleetKeys& keys, const Clock& clock);

 private:
  FleetLink() = default;

  // On the heap, so that its address stays the same when this object moves.
  std::unique_ptr<fleet::EtcdClient> etcd_;
  std::unique_ptr<fleet::FleetLayout> layout_;
  std::unique_ptr<fleet::FleetKeyring> keyring_;
};

// A connection with the fleet's keys.
class Membership {
 public:
  static Result<Membership> open(Workspace& workspace, const FleetOptions& options);

  fleet::FleetKeyring& keyring() noexcept { return link_.keyring(); }
  const fleet::FleetKeys& keys() const noexcept { return keys_; }
  const std::string& fleet() const noexcept { return link_.fleet(); }
  // The id of this host.
  const std::string& id() const noexcept { return id_; }
  Result<fleet::FleetSurvey> survey(const Clock& clock) { return link_.survey(keys_, clock); }

 private:
  Membership(FleetLink link, fleet::FleetKeys keys, std::string id)
      : link_(std::move(link)), keys_(std::move(keys)), id_(std::move(id)) {}

  FleetLink link_;
  fleet::FleetKeys keys_;
  std::string id_;
};

}  // namespace ccm::cli
