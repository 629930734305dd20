// SPDX-License-Identifier: Apache-2.0
// How the hosts of a fleet are. The host that leads puts it together for all of them
// (fleet/hosts/overview_writer.h): how many hosts there are, and details of the worst ones. Small,
// however many hosts there are. All times are by etcd's clock. Nothing in it is secret.
//
// Plain values; any thread, any process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/packing.h"

namespace ccm {

struct FleetOverview {
  // A host writes a report every minute.
  static constexpr Seconds kSilence{180};
  static constexpr std::size_t kMostShown = 15;       // hosts
  static constexpr std::size_t kMostBehindOn = 3;     // certificates of each
  static constexpr std::size_t kLongestText = 63;     // bytes of a name; the rest is cut off
  static constexpr std::size_t kLongestRelease = 16;  // bytes of the agent's version

  struct Host {
    std::string name;
    std::string agent{};                   // its version; empty: not known
    Time seen{};                           // when it was heard of last; 1970: not known
    std::optional<Seconds> clock_ahead{};  // of etcd's; nullopt: not known
    bool leads = false;
    bool is_silent = false;                // nothing was heard of it for longer than kSilence
    std::uint32_t behind = 0;              // certificates whose newest version it does not have
    std::vector<std::string> behind_on{};  // the first of them

    bool has_wrong_clock() const noexcept;
    bool is_in_order() const noexcept { return !is_silent && behind == 0 && !has_wrong_clock(); }
    friend bool operator==(const Host&, const Host&) = default;
  };

  Time at{};                       // when it was put together; 1970: there is none
  std::uint32_t hosts = 0;         // members of the fleet
  std::uint32_t silent = 0;        // of these, that are silent
  std::uint32_t behind = 0;        // that lack a certificate's newest version
  std::uint32_t wrong_clocks = 0;  // whose clock is kNotableClockDifference or more off etcd's
  std::vector<Host> shown{};       // the worst first
};

// The smallest difference of two clocks that is reported. Both are read to the second.
inline constexpr Seconds kNotableClockDifference{5};
// Whether a clock that is so far ahead of etcd's is reported. False when it is not known.
bool is_wrong_clock(std::optional<Seconds> ahead) noexcept;

// The texts are cut.
void pack_fleet_host(Packer& out, const FleetOverview::Host& host);
// Trusts no length, as Unpacker: the caller asks the Unpacker whether it has failed.
FleetOverview::Host unpack_fleet_host(Unpacker& in);

// Without the hosts.
void pack_fleet_counts(Packer& out, const FleetOverview& overview);
FleetOverview unpack_fleet_counts(Unpacker& in);

// The complete overview. The inverse gives nullopt for any other bytes, such as those of another
// release.
std::string encode(const FleetOverview& overview);
std::optional<FleetOverview> decode_fleet_overview(std::string_view bytes);

}  // namespace ccm
