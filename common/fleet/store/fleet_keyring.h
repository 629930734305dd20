// SPDX-License-Identifier: Apache-2.0
// The keys of a fleet, as etcd keeps them: each for each host, in a box that only the host's own
// key opens. A host's own key (P-256) never leaves it.
//
//   /cl/FLEET/hosts/HOST      a member: its name and public key, sealed with the fleet's key
//             keys/ID/HOST    the fleet's key ID for the host, in its box
//
// HOST is the SHA-256 of the public key, ID a digest of the key. Whoever can write to etcd can
// close a box, too, so a key counts only when it is known by its id, which the operator carries to
// a host that is let in, or when its box is sealed with the key before it. A key that was replaced
// is sealed with the one after it.
// A host that was removed still knows the keys before, so it has to lose its access to etcd before
// the fleet gets a new key.
//
// Whoever changes keys or members compares, in the transaction, what it was based on: `transient`,
// with the code kFleetChanged (member_list.h), when somebody else has changed that in the meantime,
// and then it is to be done again, with the keys as they are read then.
//
// One thread; asks etcd each time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/key/key_pair.h"
#include "fleet/etcd/etcd_client.h"
#include "fleet/store/fleet_entry.h"
#include "fleet/store/fleet_layout.h"
#include "fleet/store/fleet_rotation.h"
#include "fleet/store/member_list.h"

namespace ccm::fleet {

class FleetKeyring {
 public:
  FleetKeyring(EtcdClient& etcd, const FleetLayout& layout) : etcd_(etcd), layout_(layout) {}

  // Founds a fleet with this host as its only member; returns the id of its key. `rejected` when
  // there is one of that name.
  Result<std::string> found(const crypto::KeyPair& host, const std::string& name);
  // The keys for this host; new values are sealed with the first. `trusted`: the id of the key with
  // which it was let in. `rejected` when it is no member.
  Result<FleetKeys> read(const crypto::KeyPair& host, std::string_view trusted);
  // Lets another host in, with its name and public key. `keys` come from is_member(), too.
  Result<void> admit(const FleetKeys& keys, const std::string& name,
                     const std::string& public_half);
  // `keys` as for admit(). A new key for all members but `without` (ids), who are members no
  // longer; its id. What lies in etcd stays sealed with the keys before it until it is written
  // again. When it is cut short, which a fleet of many members makes possible, it is done again
  // with the keys as they are read then, on a host that has the new one, and by an operator who
  // says what becomes of those who do not: else it is `rejected`. `passed_by`: gets the names of
  // those who may be members and did not get the key.
  Result<std::string> rotate(const FleetKeys& keys, const std::vector<std::string>& without,
                             LeftBehind left_behind = LeftBehind::refuse,
                             std::vector<std::string>* passed_by = nullptr);
  // Whether this host is a member; notes its entry in the keys. `transient` when they are not the
  // newest ones any more.
  Result<bool> is_member(const crypto::KeyPair& host, FleetKeys& keys);
  // `transient` when the keys come from is_member() and are not the newest ones any more.
  Result<std::vector<FleetMember>> members(const FleetKeys& keys);
  // Who left with a change of the key that was cut short. It is brought to its end by rotate(),
  // `without` one of them.
  Result<LeavingNote> leaving(const FleetKeys& keys) {
    return read_leaving_note(etcd_, layout_, keys);
  }

 private:
  // The entry and the boxes of a host that is let in, the newest first.
  Result<std::vector<EtcdChange>> welcome(const FleetKeys& keys, const std::string& name,
                                          const std::string& public_half) const;
  // Every box for one host, each with the id of the fleet's key in it.
  struct Box {
    std::string id;
    std::string place;
    std::string value;
  };
  Result<std::vector<Box>> boxes_for(std::string_view host);
  Result<EtcdRevision> commit(EtcdTransaction transaction);

  EtcdClient& etcd_;
  const FleetLayout& layout_;
};

}  // namespace ccm::fleet
