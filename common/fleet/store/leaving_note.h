// SPDX-License-Identifier: Apache-2.0
// What a change of a fleet's key notes in etcd when hosts leave with it, until it has come to its
// end: who they are, and which keys the others have who are to get the new one. So a change that
// was cut short is brought to its end, although those who leave are no members any more. Sealed
// with the new key, which they do not have. Pure, but for read_leaving_note().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_layout.h"

namespace ccm::fleet {

struct LeavingNote {
  struct Host {
    std::string id;
    std::string name;
  };
  std::vector<Host> hosts;        // who leave; none: no such change was cut short
  std::vector<std::string> keys;  // ids: whose entry is sealed with one of them stays a member

  bool names(std::string_view id) const noexcept;
  bool counts(std::string_view key) const noexcept;
};

Secret serialize(const LeavingNote& note);
// `invalid` for a text that was not made here.
Result<LeavingNote> parse_leaving_note(const Secret& text);

// As it lies in etcd. An empty one when there is none, or one that is not sealed with the newest of
// the keys: somebody has put that back.
Result<LeavingNote> read_leaving_note(EtcdClient& etcd, const FleetLayout& layout,
                                      const FleetKeys& keys);

}  // namespace ccm::fleet
