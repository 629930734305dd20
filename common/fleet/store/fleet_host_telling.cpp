// SPDX-License-Identifier: Apache-2.0
// The part of a fleet's host that tells people how it stands with the fleet.
#include <fmt/format.h>

#include <utility>

#include "base/clock.h"
#include "base/fleet_overview.h"
#include "fleet/store/fleet_host.h"

namespace ccm::fleet {
namespace {

// Longer than a lease of a process that has died.
constexpr std::chrono::seconds kLongestDeadLease{20};
constexpr std::string_view kIsCopied =
    "another host has a copy of this host's key file, and leads with it: let this host join with a "
    "key file of its own";

// Every host's note is small.
constexpr std::size_t kMostFlaws = 20;
constexpr std::string_view kIsFull =
    "etcd is full and takes nothing more, so nothing is renewed and no host is heard of: compact "
    "and defragment it, and disarm its alarm";

}  // namespace

void FleetHost::tell(const Result<void>& outcome) {
  const bool was_connected = is_connected_.value_or(true);
  if (is_connected_ != outcome.has_value()) {
    is_connected_ = outcome.has_value();
    since_ = SystemClock().now();
  }
  if (!outcome && was_connected) {
    parts_.log.warn("fleet: {}; this host goes on with its copy", outcome.error().message());
  }
  if (outcome && !was_connected) parts_.log.notice("fleet: this host follows the fleet again");
  problem_ = outcome ? std::string() : outcome.error().message();
  note();
}

// For ccmctl, which asks no member of etcd to show the status of a host.
void FleetHost::note() {
  if (host_lease_ == nullptr || !is_connected_) return;
  const bool is_known = *is_connected_ && leader_;
  store::FleetNote now{.fleet = parts_.layout.name(),
                       .host = parts_.self.name,
                       .is_connected = *is_connected_,
                       .since = since_,
                       .problem = problem_,
                       .leader = is_known ? leader_->who.name : std::string(),
                       .is_leader = is_known && parts_.self.is_same_process_or_before(leader_->who),
                       .flaws = flaws()};
  if (noted_ == now) return;
  // Where nothing can be written, the log has the same.
  static_cast<void>(store::write_fleet_note(parts_.state_path, now));
  noted_ = std::move(now);
}

// Before this machine was started anew, this host may have led itself; that lease ends soon.
void FleetHost::look_for_copies() {
  if (!leader_ || !parts_.self.has_the_key_file_of(leader_->who)) {
    copied_since_.reset();
    is_copied_ = false;
    return;
  }
  const SteadyTime now = SystemClock().steady_now();
  if (!copied_since_) copied_since_ = now;
  const bool was_copied = std::exchange(is_copied_, now - *copied_since_ > kLongestDeadLease);
  if (is_copied_ && !was_copied) parts_.log.warn("fleet: {}", kIsCopied);
}

// Reading goes on, so nobody would say why nothing is renewed and no host is heard of. Each host
// writes at least every minute.
void FleetHost::look_for_space() {
  const bool was_full = std::exchange(is_full_, parts_.etcd->is_full());
  if (is_full_ && !was_full) parts_.log.warn("fleet: {}", kIsFull);
  if (was_full && !is_full_) {
    parts_.log.notice("fleet: etcd is not full any more, and takes what the hosts write");
  }
}

std::vector<std::string> FleetHost::flaws() const {
  std::vector<std::string> flaws;
  if (is_full_) flaws.emplace_back(kIsFull);
  if (is_copied_) flaws.emplace_back(kIsCopied);
  for (const auto& [name, problem] : mirror_.failed()) {
    if (flaws.size() == kMostFlaws) break;
    flaws.push_back(
        fmt::format("what the fleet has of \"{}\" cannot be taken in here: {}", name, problem));
  }
  const auto ahead = parts_.etcd->clock_ahead();
  // No number of seconds: it would be another one each time.
  if (is_wrong_clock(ahead)) {
    flaws.push_back(fmt::format("this host's clock is {} etcd's by more than {}",
                                *ahead > Seconds(0) ? "ahead of" : "behind",
                                format_duration(kNotableClockDifference)));
  }
  return flaws;
}

}  // namespace ccm::fleet
