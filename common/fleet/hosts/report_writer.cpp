// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/report_writer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/fleet_overview.h"
#include "base/version.h"
#include "fleet/etcd/etcd_errors.h"
#include "policy/canary.h"
#include "store/host/effective_settings.h"

namespace ccm::fleet {
namespace {

// As long as the certificates of a server that has gone are still looked after on its own host.
constexpr std::chrono::seconds kReportLife = store::kServerGrace;
constexpr Seconds kBetweenReportKeepAlives = kReportLife / 4;
constexpr Seconds kBetweenReports{60};
constexpr Seconds kBetweenChanges{10};
// While a version is tried out, the counts are written at each tenth of the time since that began.
constexpr int kCanaryParts = 10;
constexpr Seconds kShortestBetweenCanaries{2};
// Far below etcd's limit for one value.
constexpr std::size_t kMostCanaries = 4000;

// Leaves out those without any count.
store::CanariesCounted worth_telling(store::CanariesCounted counted) {
  std::erase_if(counted, [](const auto& each) { return each.second.total == CanaryTally(); });
  while (counted.size() > kMostCanaries) counted.erase(std::prev(counted.end()));
  return counted;
}

}  // namespace

Result<void> ReportWriter::keep_lease(SteadyTime now) {
  if (lease_ != 0 && now < next_keep_alive_) return {};
  if (lease_ != 0) {
    const auto left = parts_.etcd.keep_alive(lease_);
    if (!left && left.error().kind() != ErrorKind::rejected) return fail(left.error());
    if (!left) lease_ = 0;
  }
  if (lease_ == 0) {
    const Result<EtcdLease> lease = parts_.etcd.grant(kReportLife);
    if (!lease) return fail(lease.error());
    lease_ = *lease;
    // With the earlier lease, everything that was written under it has gone.
    sealed_with_.clear();
    settings_modified_ = 0;
    reported_ = {};
    canaries_.reset();
  }
  next_keep_alive_ = now + kBetweenReportKeepAlives;
  return {};
}

Result<EtcdRevision> ReportWriter::put(const FleetKeys& keys, const std::string& key,
                                       const Secret& text, std::vector<EtcdCompare> base) {
  Result<std::string> sealed = keys.seal(key, text);
  if (!sealed) return pass(std::move(sealed));
  return commit(keys, {.key = key, .value = *std::move(sealed), .end = {}, .lease = lease_},
                std::move(base));
}

Result<EtcdRevision> ReportWriter::commit(const FleetKeys& keys, EtcdChange change,
                                          std::vector<EtcdCompare> base) {
  EtcdTransaction transaction{.compares = std::move(base), .changes = {std::move(change)}};
  if (keys.entry_modified != 0) {
    transaction.compares.push_back(
        {.key = keys.entry, .of = EtcdCompare::Of::modified, .revision = keys.entry_modified});
  }
  const Result<EtcdOutcome> outcome = parts_.etcd.commit(transaction);
  if (!outcome) return fail(outcome.error());
  if (outcome->has_happened) return outcome->revision;
  // etcd may have earlier settings, or none, so the next look writes them first.
  sealed_with_.clear();
  settings_modified_ = 0;
  return fail(
      ErrorKind::transient,
      "the fleet has another key or other settings of this host by now, or it is no member");
}

Result<void> ReportWriter::look(const FleetHost::Standing& standing) {
  if (Result<void> kept = keep_lease(parts_.clock.steady_now()); !kept) return kept;
  Result<void> done = tell_settings(*standing.keys);
  if (Result<void> told = tell_how_it_goes(standing); done) done = std::move(told);
  if (Result<void> told = tell_canaries(*standing.keys); done) done = std::move(told);
  if (done || done.error().code() != kNoSuchLease) return done;
  lease_ = 0;
  return fail(ErrorKind::transient, "the lease of what this host has told the fleet is gone");
}

Result<void> ReportWriter::tell_settings(const FleetKeys& keys) {
  SettingsTraces servers = look_at_settings(parts_.state_path, parts_.clock);
  const std::string& key = keys.keys.front().id;
  const bool has_nothing = servers.empty() && written_.empty();
  if (has_nothing || (servers == written_ && key == sealed_with_)) return {};
  const Result<Secret> packed = pack_settings(parts_.state_path, parts_.self.name, servers);
  if (!packed) return fail(packed.error());
  const Result<EtcdRevision> done = put(keys, parts_.layout.settings(parts_.self.id), *packed);
  if (!done) return fail(done.error());
  settings_modified_ = *done;
  written_ = std::move(servers);
  sealed_with_ = key;
  return {};
}

// Changes are written soon, but a host in a busy fleet must not write all the time.
Result<void> ReportWriter::tell_how_it_goes(const FleetHost::Standing& standing) {
  const SteadyTime now = parts_.clock.steady_now();
  parts_.etcd.compare_clocks_after(kBetweenChanges);
  const auto ahead = parts_.etcd.clock_ahead();
  const bool has_changed = standing.heads_heard != reported_heads_ ||
                           standing.failed != reported_failed_ ||
                           is_wrong_clock(ahead) != reported_wrong_clock_;
  const bool is_due = reported_ == SteadyTime{} ||
                      now - reported_ >= (has_changed ? kBetweenChanges : kBetweenReports);
  if (!is_due) return {};
  const HostReport report{.host = parts_.self.name,
                          .agent = std::string(version()),
                          .written = parts_.clock.now(),
                          .ahead = ahead,
                          .followed = standing.followed,
                          .failed = standing.failed};
  std::vector<EtcdCompare> base;
  if (settings_modified_ != 0) {
    base.push_back({.key = parts_.layout.settings(parts_.self.id),
                    .of = EtcdCompare::Of::modified,
                    .revision = settings_modified_});
  }
  const Result<EtcdRevision> done = put(*standing.keys, parts_.layout.report(parts_.self.id),
                                        Secret::copy_of(serialize(report)), std::move(base));
  if (!done) return fail(done.error());
  reported_ = now;
  reported_heads_ = standing.heads_heard;
  reported_failed_ = standing.failed;
  reported_wrong_clock_ = is_wrong_clock(ahead);
  return {};
}

// The counts of one host alone can end the canary everywhere, so such counts are written at once.
// Others are not urgent: the more hosts there are, the sooner their sum is conclusive.
bool ReportWriter::is_time_for(const store::CanariesCounted& counted) const {
  Seconds age = kBetweenChanges * kCanaryParts;
  for (const auto& [name, each] : counted) {
    if (policy::is_clearly_worse(each.total)) return true;
    age = std::min(age, parts_.clock.now() - each.canary.since);
  }
  const Seconds between = std::max(age / kCanaryParts, kShortestBetweenCanaries);
  return parts_.clock.steady_now() - canaries_told_ >= between;
}

Result<void> ReportWriter::tell_canaries(const FleetKeys& keys) {
  store::HostCanaries now{.host = parts_.self.name,
                          .counted = worth_telling(store::host_canaries(parts_.state_path))};
  const bool is_due = now.counted.empty() || is_time_for(now.counted);
  if (canaries_ == now.counted || !is_due) return {};
  const std::string place = parts_.layout.canaries(parts_.self.id);
  const Result<EtcdRevision> done = now.counted.empty()
                                        ? commit(keys, {.key = place, .value = std::nullopt}, {})
                                        : put(keys, place, Secret::copy_of(store::serialize(now)));
  if (!done) return fail(done.error());
  canaries_ = std::move(now.counted);
  canaries_told_ = parts_.clock.steady_now();
  return {};
}

}  // namespace ccm::fleet
