// SPDX-License-Identifier: Apache-2.0
// What a change of a fleet's key notes in etcd when hosts leave with it, until it has come to its
// end: who they are, and who the others are that are to get the new key. So a change that was cut
// short is brought to its end, although those who leave are no members any more. They still know
// the key before, with which they can write entries of further members, so only the hosts that are
// named here count. Sealed with the new key, which those who leave do not have. Pure, but for
// read_leaving_note().
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
  std::vector<Host> hosts;          // who leave, unless they were let in again since
  std::vector<std::string> others;  // ids of those who stay; none: no such change was cut short

  // Whether the host leaves, or stays.
  bool names(std::string_view id) const noexcept;
  bool keeps(std::string_view id) const noexcept;
};

Secret serialize(const LeavingNote& note);
// `invalid` for a text that was not made here.
Result<LeavingNote> parse_leaving_note(const Secret& text);

// As it lies in etcd. An empty one when there is none, or one that is not sealed with the newest of
// the keys: somebody has put that back.
Result<LeavingNote> read_leaving_note(EtcdClient& etcd, const FleetLayout& layout,
                                      const FleetKeys& keys);

}  // namespace ccm::fleet
