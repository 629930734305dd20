// SPDX-License-Identifier: Apache-2.0
#include "base/fleet_overview.h"

#include <algorithm>
#include <utility>

#include "base/last_second.h"
#include "base/text.h"

namespace ccm {
namespace {

// First of the whole; another one whenever the fields change.
constexpr std::uint32_t kOverviewMark = 0x31564f46;  // "FOV1"

constexpr std::uint32_t kHasClock = 1;
constexpr std::uint32_t kLeads = 2;
constexpr std::uint32_t kIsSilent = 4;

void pack_seconds(Packer& out, std::int64_t seconds) {
  const auto bits = static_cast<std::uint64_t>(seconds);
  out.number(static_cast<std::uint32_t>(bits));
  out.number(static_cast<std::uint32_t>(bits >> 32U));
}

// A time or a difference of times. A value outside the years that people write is replaced by the
// nearest one.
std::int64_t unpack_seconds(Unpacker& in) {
  const std::uint64_t low = in.number();
  const auto seconds = static_cast<std::int64_t>(low | std::uint64_t{in.number()} << 32U);
  return std::clamp(seconds, -kLastSecond, kLastSecond);
}

std::string unpack_text(Unpacker& in, std::size_t limit) {
  return std::string(cut(printable(in.text()), limit));
}

}  // namespace

bool is_wrong_clock(std::optional<Seconds> ahead) noexcept {
  return ahead && std::chrono::abs(*ahead) >= kNotableClockDifference;
}

bool FleetOverview::Host::has_wrong_clock() const noexcept {
  return is_wrong_clock(clock_ahead);
}

void pack_fleet_host(Packer& out, const FleetOverview::Host& host) {
  out.block(cut(host.name, FleetOverview::kLongestText));
  out.block(cut(host.agent, FleetOverview::kLongestRelease));
  pack_seconds(out, host.seen.time_since_epoch().count());
  out.number((host.clock_ahead ? kHasClock : 0) | (host.leads ? kLeads : 0) |
             (host.is_silent ? kIsSilent : 0));
  pack_seconds(out, host.clock_ahead.value_or(Seconds(0)).count());
  out.number(host.behind);
  const std::size_t count = std::min(host.behind_on.size(), FleetOverview::kMostBehindOn);
  out.size(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.block(cut(host.behind_on[i], FleetOverview::kLongestText));
  }
}

FleetOverview::Host unpack_fleet_host(Unpacker& in) {
  FleetOverview::Host host{.name = unpack_text(in, FleetOverview::kLongestText)};
  host.agent = unpack_text(in, FleetOverview::kLongestRelease);
  host.seen = Time(Seconds(unpack_seconds(in)));
  const std::uint32_t flags = in.number();
  const Seconds ahead(unpack_seconds(in));
  if ((flags & kHasClock) != 0) host.clock_ahead = ahead;
  host.leads = (flags & kLeads) != 0;
  host.is_silent = (flags & kIsSilent) != 0;
  host.behind = in.number();
  for (std::uint32_t left = in.count(); left > 0; --left) {
    host.behind_on.push_back(unpack_text(in, FleetOverview::kLongestText));
  }
  return host;
}

void pack_fleet_counts(Packer& out, const FleetOverview& overview) {
  pack_seconds(out, overview.at.time_since_epoch().count());
  for (const std::uint32_t count :
       {overview.hosts, overview.silent, overview.behind, overview.wrong_clocks}) {
    out.number(count);
  }
}

FleetOverview unpack_fleet_counts(Unpacker& in) {
  FleetOverview overview{.at = Time(Seconds(unpack_seconds(in)))};
  for (std::uint32_t* count :
       {&overview.hosts, &overview.silent, &overview.behind, &overview.wrong_clocks}) {
    *count = in.number();
  }
  return overview;
}

std::string encode(const FleetOverview& overview) {
  Packer out;
  out.number(kOverviewMark);
  pack_fleet_counts(out, overview);
  const std::size_t count = std::min(overview.shown.size(), FleetOverview::kMostShown);
  out.size(count);
  for (std::size_t i = 0; i < count; ++i) pack_fleet_host(out, overview.shown[i]);
  return std::string(std::move(out).take().reveal());
}

std::optional<FleetOverview> decode_fleet_overview(std::string_view bytes) {
  Unpacker in(bytes);
  if (in.number() != kOverviewMark) return std::nullopt;
  FleetOverview overview = unpack_fleet_counts(in);
  for (std::uint32_t left = in.count(); left > 0; --left) {
    overview.shown.push_back(unpack_fleet_host(in));
  }
  if (!in.is_complete() || overview.shown.size() > FleetOverview::kMostShown) return std::nullopt;
  return overview;
}

}  // namespace ccm
