// SPDX-License-Identifier: Apache-2.0
// The members of a fleet as etcd has them: each with its name and its public key, sealed with the
// fleet's key (fleet_keyring.h). Thread-safe; asks etcd each time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_layout.h"

namespace ccm::fleet {

// The code of an error: somebody else has changed the fleet's keys or members in the meantime.
// Begin again, and read the keys anew.
inline constexpr std::string_view kFleetChanged = "fleet.changed";
Failure fleet_changed(
    const char* sentence =
        "somebody else has changed the fleet's keys or hosts in the meantime; try again");

struct FleetMember {
  std::string id;    // HOST
  std::string name;  // for people
  std::string public_half;
  EtcdRevision modified = 0;     // of its entry
  std::string sealed_with = {};  // the id of the key that opens its entry
};

// The id (HOST) of a public key (crypto/key/sealed_box.h).
std::string fleet_host_id(std::string_view public_half);

// The entry of a member, sealed with the first of the keys.
Result<EtcdChange> entry_of(const FleetLayout& layout, const FleetKeys& keys,
                            const FleetMember& member);

struct MemberList {
  std::vector<FleetMember> members;
  // Entries that the keys do not open: of somebody without the fleet's key, or sealed with a newer
  // one.
  std::vector<EtcdItem> others;

  bool has_entry_of(const FleetLayout& layout, const FleetKeys& keys) const;
};
Result<MemberList> list_members(EtcdClient& etcd, const FleetLayout& layout, const FleetKeys& keys);

}  // namespace ccm::fleet
