// SPDX-License-Identifier: Apache-2.0
// When each host of a fleet was last heard of, as the leading host sees it, and which hosts are
// lost. While etcd is away, or does not take what hosts write, hosts that live are not heard
// of, and the leading host does not see its own report either. So silence counts only for a time
// in which its own reports have come in. All times are by etcd's clock. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fleet_overview.h"
#include "fleet/hosts/host_book.h"
#include "fleet/store/fleet_keyring.h"

namespace ccm::fleet {

class HostsHeard {
 public:
  // This host begins to lead. `before`: the overview that the leader before has written last.
  void begin(const std::optional<FleetOverview>& before, Time now);

  struct Facts {
    const std::vector<FleetMember>& members;
    const HostReports& reports;
    const std::string& self;  // the id of this host
    Time now;
  };
  struct News {  // names
    std::vector<std::string> lost = {};
    std::vector<std::string> returned = {};
  };
  // To be called often, at least every half minute. Forgets hosts that are no members any more.
  News look(const Facts& facts);

  // When a host was last heard of; nullopt: not since it was let in.
  std::optional<Time> last(const std::string& name) const;
  // Whether the host is lost, or was never heard of.
  bool is_silent(const std::string& name) const;

 private:
  struct Host {
    Time last{};
    bool is_lost = false;
  };
  bool has_listened(const Facts& facts);

  std::map<std::string, Host> hosts_;  // that were heard of, by name
  Time listens_since_{};
};

}  // namespace ccm::fleet
