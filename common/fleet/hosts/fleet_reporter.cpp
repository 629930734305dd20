// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/fleet_reporter.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <utility>

namespace ccm::fleet {
namespace {

// Between two looks at this host's settings and condition, and at the other hosts.
constexpr int kBetweenReportsMs = 2000;

}  // namespace

FleetReporter::FleetReporter(FleetHost& host, const FleetLeader& self, const Place& place)
    : host_(host),
      has_id_(!self.id.empty()),
      roster_(place.roster),
      writer_({.etcd = *host.etcd(),
               .layout = host.layout(),
               .self = self,
               .state_path = place.state_path,
               .clock = clock_}),
      reader_(*host.etcd(), self.id, host.layout(), place.roster, host.log()),
      canaries_({.self = self.id, .state_path = place.state_path}),
      reports_(host.layout().reports(), &parse_report),
      told_of_canaries_(host.layout().canaries(), &store::parse_host_canaries),
      overview_({.host = host,
                 .reports = reports_,
                 .roster = place.roster,
                 .clock = clock_,
                 .state_path = place.state_path}),
      watch_(host, {reader_, reports_, told_of_canaries_}),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

FleetReporter::~FleetReporter() {
  static_cast<void>(eventfd_write(stop_.get(), 1));
  if (thread_.joinable()) thread_.join();
}

void FleetReporter::start() {
  if (!has_id_) return;
  watch_.start();
  thread_ = std::thread([this] { work(); });
}

Result<void> FleetReporter::hear_the_others(const FleetKeys& keys) {
  Result<void> done = reader_.look(keys);
  const Result<EtcdRevision> read = told_of_canaries_.read(*host_.etcd(), keys);
  Result<void> seen = read ? canaries_.look(told_of_canaries_.all().value_or(CanariesOfHosts()))
                           : Result<void>(fail(read.error()));
  return done ? seen : done;
}

Result<void> FleetReporter::look_at_canaries(const FleetHost::Standing& standing) {
  if (!standing.leads || !standing.has_canary) return canaries_.rest();
  auto all = told_of_canaries_.all();
  return all ? canaries_.look(*std::move(all)) : Result<void>();
}

void FleetReporter::work() {
  pollfd waiting{stop_.get(), POLLIN, 0};
  while (poll(&waiting, 1, kBetweenReportsMs) <= 0) {
    const auto standing = host_.standing();
    if (!standing) continue;
    Result<void> done = writer_.look(*standing);
    if (Result<void> seen = look_at_canaries(*standing); done) done = std::move(seen);
    tell(done, "the others do not hear of this host",
         "certificates that only it names are looked after only while it leads", problem_);
    look_at_leader(standing->leader);
    tell(overview_.look(*standing), "it cannot be told how all hosts are",
         "the status of every host shows what was told last", overview_problem_);
  }
}

// Not for a leader that was there before this process heard of any.
void FleetReporter::look_at_leader(const FleetLeader& leader) {
  if (leader.id.empty() || leader.id == leader_.id) return;
  const FleetLeader before = std::exchange(leader_, leader);
  if (before.id.empty()) return;
  roster_.tell({.type = EventType::leader_changed,
                .sentence = fmt::format("the host \"{}\" leads the fleet instead of \"{}\"",
                                        leader.name, before.name),
                .fields = {{"host", leader.name}, {"before", before.name}}});
}

// That etcd does not answer is told of by the thread that follows, and that it is full by the host.
void FleetReporter::tell(const Result<void>& outcome, std::string_view what,
                         std::string_view consequence, std::string& told) {
  const bool is_told_of = !outcome && outcome.error().is_retryable();
  const std::string problem = outcome || is_told_of ? std::string() : outcome.error().message();
  if (problem == std::exchange(told, problem) || problem.empty()) return;
  host_.log().warn("fleet: {} ({}); {}", what, problem, consequence);
}

}  // namespace ccm::fleet
