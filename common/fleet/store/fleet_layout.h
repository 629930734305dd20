// SPDX-License-Identifier: Apache-2.0
// Under which keys of etcd a fleet keeps what. Whoever can write to etcd can write any key, so a
// name in one counts only when it is one that may be a file's.
//
//   /cl/FLEET/leader              who leads, under a lease
//             heads/NAME          of a certificate: its versions, and which one is current
//             versions/NAME/N     one version, with its private key; never changes
//             responses/NAME/N    its OCSP response
//             records/NAME/KIND   the engine's records; with an empty NAME: of the whole fleet
//             inbox/ID-NAME       what is asked of the leader
//             granted/NAME        its note of a renewal that was asked for
//             overview            how all hosts are, as the one that leads has put it together
//             hosts/HOST          a member (fleet_keyring.h)
//             keys/ID/HOST        one of the fleet's keys for a host, in its box
//             ~rotation           held by whoever changes the fleet's key, under a lease
//             ~complete           the id of the newest key that every member has
//             ~leaving            who leaves with the change of the key that is under way
//             ~settings/HOST      what a host's servers are set to, for the one that leads
//             ~reports/HOST       how it goes there, for that and for people
//             ~canaries/HOST      how handshakes end there with what is tried out, for the leader
//
// Every host follows all of it but what begins with "~": what each of 1,000 hosts has to say must
// not come to each of the others.
//
// All values but the leader's are sealed (crypto/key/sealing.h), with their key as the context.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "fleet/etcd/etcd_messages.h"
#include "store/store_reader.h"

namespace ccm::fleet {

enum class Shelf : std::uint8_t { head, version, response, record, request, grant };

struct Slot {
  Shelf shelf;
  std::string name;
  std::string rest = {};  // the record's kind, or the request's id
  store::VersionNumber number = 0;
};

class FleetLayout {
 public:
  // `invalid` when the fleet's name is not allowed.
  static Result<FleetLayout> make(std::string_view fleet);

  const std::string& all() const noexcept { return prefix_; }
  // What every host follows.
  EtcdRange followed() const;
  // The name of the fleet.
  const std::string& name() const noexcept { return name_; }
  std::string leader() const { return prefix_ + "leader"; }
  std::string overview() const { return prefix_ + "overview"; }
  std::string members() const { return prefix_ + "hosts/"; }
  std::string member(std::string_view host) const { return members() + std::string(host); }
  std::string keys() const { return prefix_ + "keys/"; }
  std::string key(std::string_view id, std::string_view host) const;
  std::string rotation() const { return prefix_ + "~rotation"; }
  std::string complete() const { return prefix_ + "~complete"; }
  std::string leaving() const { return prefix_ + "~leaving"; }
  // Whatever hosts say of themselves.
  std::string told() const { return prefix_ + "~"; }
  // For all hosts, and for one host by its id (fleet_keyring.h).
  std::string settings() const { return prefix_ + "~settings/"; }
  std::string settings(std::string_view host) const { return settings() + std::string(host); }
  std::string reports() const { return prefix_ + "~reports/"; }
  std::string report(std::string_view host) const { return reports() + std::string(host); }
  std::string canaries() const { return prefix_ + "~canaries/"; }
  std::string canaries(std::string_view host) const { return canaries() + std::string(host); }
  // The keys of one shelf, and those of one certificate on it.
  std::string shelf(Shelf shelf) const;
  std::string shelf(Shelf shelf, std::string_view name) const;
  std::string head(std::string_view name) const { return shelf(Shelf::head) + std::string(name); }
  std::string version(std::string_view name, store::VersionNumber number) const;
  std::string response(std::string_view name, store::VersionNumber number) const;
  std::string record(std::string_view name, std::string_view kind) const;
  std::string request(std::string_view id, std::string_view name) const;
  std::string grant(std::string_view name) const { return shelf(Shelf::grant) + std::string(name); }

  // nullopt for a key that is no fleet's.
  std::optional<Slot> slot_of(std::string_view key) const;

 private:
  FleetLayout(std::string name, std::string prefix)
      : name_(std::move(name)), prefix_(std::move(prefix)) {}

  std::string name_;
  std::string prefix_;
};

}  // namespace ccm::fleet
