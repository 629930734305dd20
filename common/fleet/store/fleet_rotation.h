// SPDX-License-Identifier: Apache-2.0
// A change of a fleet's key (fleet_keyring.h): each member gets a box with the new one, and its
// entry is sealed with that.
//
// One transaction has no room for a large fleet. So it goes on round after round, and hosts that
// are let in meanwhile do not keep it from its end: they get the key in the next round, and whoever
// has it lets nobody in without it any more. Two at once would leave each with members of its own.
// So whoever changes the key holds etcd's "~rotation" meanwhile, which goes away by itself a minute
// after its holder was killed.
//
// Who has no newest key when a change begins was not reached by the change before, or is no member
// any more, and somebody has put its entry back. At its end a change notes that every member has
// the key, so it was put back. Without the note the operator has to say. A change with which hosts
// leave notes who leaves and who stays (leaving_note.h), and whoever does it again after it was cut
// short gives the key to those who stay.
//
// One thread; asks etcd each time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/key/sealing.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_layout.h"
#include "fleet/store/leaving_note.h"
#include "fleet/store/member_list.h"

namespace ccm::fleet {

// A box is sealed for one of two reasons, and one must not pass for the other: its key is the next
// one, or a former one.
inline constexpr std::string_view kNextKey = "|next";
inline constexpr std::string_view kFormerKey = "|former";

// What happens to hosts that do not have the newest key when a change begins.
enum class LeftBehind : std::uint8_t {
  refuse,   // no change
  take_in,  // they get the new key
  pass_by,  // the others get the new key
};

class FleetRotation {
 public:
  struct Plan {
    const FleetKeys& keys;                    // with the entry of this host
    const std::vector<std::string>& without;  // ids of members that are removed
    LeftBehind left_behind = LeftBehind::refuse;
  };
  FleetRotation(EtcdClient& etcd, const FleetLayout& layout, Plan plan, crypto::SealingKey next);
  ~FleetRotation();
  FleetRotation(const FleetRotation&) = delete;
  FleetRotation& operator=(const FleetRotation&) = delete;

  // Returns the id of the new key. `transient` with the code kFleetChanged (member_list.h);
  // `rejected` when it has to be done on another host, or when a host would be left behind and the
  // plan refuses that.
  Result<std::string> run();
  // After run(): names of hosts that did not get the new key although they may be members.
  const std::vector<std::string>& passed_by() const noexcept { return passed_by_; }

 private:
  Result<void> may_begin();
  Result<void> look_who_leaves();
  Result<bool> is_locked();
  Result<void> take_lock();
  // If a change of the key was interrupted, this host may lack that key.
  Result<void> look_for_unknown_keys(const std::vector<EtcdItem>& others);
  Result<std::vector<FleetMember>> without_new_key();
  bool is_left_behind(const FleetMember& member) const;
  // Takes out the hosts that are left behind, unless they get the key, too.
  Result<void> judge_left_behind(std::vector<FleetMember>& members);
  Result<bool> is_complete();
  Result<void> note_complete();
  // With the new key, for whoever brings this change to its end.
  Result<EtcdChange> note_of_leaving(const std::vector<FleetMember>& members) const;
  // Gives these the new key, or takes them out, part by part.
  Result<void> hand_over(const std::vector<FleetMember>& members);
  Result<EtcdChange> box_for(const FleetMember& member, const crypto::SealingKey& key,
                             const crypto::SealingKey& by, std::string_view reason) const;
  Result<void> add_new_key(const FleetMember& member, EtcdTransaction& transaction) const;
  EtcdCompare unchanged(const FleetMember& member) const;
  bool stays(const FleetMember& member) const;
  Result<void> commit(EtcdTransaction transaction);

  EtcdClient& etcd_;
  const FleetLayout& layout_;
  const Plan plan_;
  FleetKeys after_;  // the new one, and those before
  EtcdLease lease_ = 0;
  EtcdRevision lock_ = 0;               // when it was written
  LeavingNote leaving_;                 // of a change that was cut short
  bool has_noted_ = false;              // who leaves with this one
  std::vector<std::string> passed_by_;  // names of those who perhaps are members, and lack the key
};

}  // namespace ccm::fleet
