// SPDX-License-Identifier: Apache-2.0
#include "fleet/store/report_writer.h"

#include <utility>

#include "fleet/etcd/etcd_errors.h"
#include "store/host/effective_settings.h"

namespace ccm::fleet {
namespace {

// As long as the certificates of a server that is gone count on its own host.
constexpr std::chrono::seconds kReportLife = store::kServerGrace;
constexpr Seconds kBetweenReportKeepAlives = kReportLife / 4;

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
    sealed_with_.clear();  // what was written has gone with the lease before
  }
  next_keep_alive_ = now + kBetweenReportKeepAlives;
  return {};
}

Result<void> ReportWriter::put(const FleetKeys& keys, const std::string& key, const Secret& text) {
  Result<std::string> sealed = keys.seal(key, text);
  if (!sealed) return pass(std::move(sealed));
  EtcdTransaction transaction{
      .compares = {},
      .changes = {{.key = key, .value = *std::move(sealed), .end = {}, .lease = lease_}}};
  if (keys.entry_modified != 0) {
    transaction.compares.push_back(
        {.key = keys.entry, .of = EtcdCompare::Of::modified, .revision = keys.entry_modified});
  }
  const Result<EtcdOutcome> outcome = parts_.etcd.commit(transaction);
  if (!outcome) return fail(outcome.error());
  if (outcome->has_happened) return {};
  return fail(ErrorKind::transient, "the fleet has another key by now, or this host is no member");
}

Result<void> ReportWriter::look(const FleetKeys& keys) {
  SettingsTraces servers = look_at_settings(parts_.state_path, parts_.clock);
  if (servers.empty() && written_.empty()) return {};
  if (Result<void> kept = keep_lease(parts_.clock.steady_now()); !kept) return kept;
  const std::string& key = keys.keys.front().id;
  if (servers == written_ && key == sealed_with_) return {};
  const Result<Secret> packed = pack_settings(parts_.state_path, parts_.self.name, servers);
  Result<void> done = packed ? put(keys, parts_.layout.settings(parts_.self.id), *packed)
                             : Result<void>(fail(packed.error()));
  if (!done && done.error().code() == kNoSuchLease) {
    lease_ = 0;
    return {};
  }
  if (!done) return done;
  written_ = std::move(servers);
  sealed_with_ = key;
  return {};
}

}  // namespace ccm::fleet
