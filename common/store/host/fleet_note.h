// SPDX-License-Identifier: Apache-2.0
// How this host stands with its fleet: the file "fleet" in the state directory, which the process
// that follows the fleet writes for ccmctl and the status. Without a fleet there is no file. It is
// only written when something changes, so readers first look whether the agent lives (presence.h).
// Holds no secret. Links base only; any process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fleet_overview.h"
#include "base/result.h"

namespace ccm::store {

struct FleetNote {
  std::string fleet;
  std::string host;           // this host's name in it
  bool is_connected = false;  // etcd answers, and all that the fleet has is here
  Time since{};               // when that became so
  std::string problem = {};   // why it is not connected
  std::string leader = {};    // the name of the host that leads; empty: none, or not known
  bool is_leader = false;     // it is this one
  // What else is wrong, as this host sees it, in sentences: its clock, certificates that it cannot
  // take in, a full etcd.
  std::vector<std::string> flaws = {};

  friend bool operator==(const FleetNote&, const FleetNote&) = default;
};

// All that is wrong, for people.
std::vector<std::string> troubles_of(const FleetNote& note);
// Also what is wrong with other hosts, a sentence for each. `self`: the name of this host, which is
// left out.
std::vector<std::string> troubles_of(const FleetOverview& overview, std::string_view self);

std::string fleet_note_path(const std::string& state_path);
Result<void> write_fleet_note(const std::string& state_path, const FleetNote& note);
// nullopt when there is none that can be read.
std::optional<FleetNote> read_fleet_note(const std::string& state_path);

// How all hosts are, as this one last heard: "fleet-hosts" beside the note.
Result<void> write_fleet_overview(const std::string& state_path, const FleetOverview& overview);
// nullopt when there is none that can be read.
std::optional<FleetOverview> read_fleet_overview(const std::string& state_path);

// At which revision of etcd a leader's note of a renewal was put or removed the last time, as this
// host has heard: "fleet-granted". A note of before that it does not have is one that was put back.
Result<void> write_granted_mark(const std::string& state_path, std::uint64_t revision);
// 0 when there is none that can be read.
std::uint64_t read_granted_mark(const std::string& state_path);

// All of them, of a host that is in a fleet no more. Best effort.
void remove_fleet_note(const std::string& state_path);

}  // namespace ccm::store
