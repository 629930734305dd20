// SPDX-License-Identifier: Apache-2.0
#include "fleet/hosts/overview_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "fleet/hosts/overview.h"
#include "fleet/hosts/overview_reader.h"
#include "store/host/fleet_note.h"

namespace ccm::fleet {
namespace {

// A busy fleet must not write all the time, and the leader of a large one must not put the overview
// together for each report.
constexpr Seconds kBetweenOverviewLooks{10};
constexpr Seconds kBetweenOverviews{60};
// A host that hears of something new reports it little more than ten seconds later.
constexpr Seconds kTimeToCatchUp{30};

}  // namespace

// What this host knew when it led before, or what the leader before knew, is out of date.
void OverviewWriter::begin_anew() {
  has_begun_ = true;
  written_ = {};
  last_.reset();
  members_heard_.reset();
  members_.clear();
  followed_.clear();
  heard_.begin(store::read_fleet_overview(parts_.state_path), parts_.host.etcd()->now());
}

Result<void> OverviewWriter::look(const FleetHost::Standing& standing) {
  if (!standing.leads) {
    has_begun_ = false;
    return {};
  }
  const SteadyTime now = parts_.clock.steady_now();
  if (has_begun_ && now < next_look_) return {};
  const std::optional<HostReports> reports = parts_.reports.all();
  if (!reports) return {};
  if (!has_begun_) begin_anew();
  // Set before the outcome is known, so that a failure is not repeated all the time either.
  next_look_ = now + kBetweenOverviewLooks;
  if (Result<void> read = read_members(standing); !read) return read;
  const Time at = parts_.host.etcd()->now();
  tell_of_lost(*reports, at);
  const FleetOverview overview = put_together(standing, *reports, at);
  const bool has_changed = !last_ || !says_the_same(*last_, overview);
  if (has_changed || now - written_ >= kBetweenOverviews) {
    if (Result<void> done = write(standing, overview); !done) return done;
    written_ = now;
    last_ = overview;
  }
  return {};
}

Result<void> OverviewWriter::read_members(const FleetHost::Standing& standing) {
  if (members_heard_ == standing.members_heard) return {};
  FleetHost& host = parts_.host;
  auto members = FleetKeyring(*host.etcd(), host.layout()).members(*standing.keys);
  if (!members) return pass(std::move(members));
  const auto knows = [](const std::vector<FleetMember>& all, const FleetMember& wanted) {
    return std::any_of(all.begin(), all.end(),
                       [&](const FleetMember& each) { return each.id == wanted.id; });
  };
  if (members_heard_) {
    for (const FleetMember& each : *members) {
      if (!knows(members_, each)) tell(EventType::host_joined, each.name, "has joined the fleet");
    }
    for (const FleetMember& each : members_) {
      if (knows(*members, each)) continue;
      tell(EventType::host_left, each.name, "is no member of the fleet any more");
    }
  }
  members_ = *std::move(members);
  members_heard_ = standing.members_heard;
  return {};
}

// The revision up to which a host without problems has followed etcd, and has said so.
EtcdRevision OverviewWriter::settled(SteadyTime now, EtcdRevision followed) {
  followed_.emplace_back(now, followed);
  while (followed_.size() > 1 && now - followed_[1].first >= kTimeToCatchUp) followed_.pop_front();
  return now - followed_.front().first >= kTimeToCatchUp ? followed_.front().second : 0;
}

FleetOverview OverviewWriter::put_together(const FleetHost::Standing& standing,
                                           const HostReports& reports, Time now) {
  EtcdRevision lowest = standing.followed;
  for (const auto& [id, report] : reports) lowest = std::min(lowest, report.followed);
  const EtcdRevision to = settled(parts_.clock.steady_now(), standing.followed);
  return make_overview({.members = members_,
                        .reports = reports,
                        .certificates = parts_.host.changed_between(lowest, to),
                        .leader = standing.leader.id,
                        .heard = heard_,
                        .now = now});
}

void OverviewWriter::tell_of_lost(const HostReports& reports, Time now) {
  const HostsHeard::News news = heard_.look(
      {.members = members_, .reports = reports, .self = parts_.host.self().id, .now = now});
  for (const std::string& host : news.lost) {
    tell(EventType::host_lost, host,
         fmt::format("was not heard of for {}", format_duration(FleetOverview::kSilence)));
  }
  for (const std::string& host : news.returned) {
    tell(EventType::host_returned, host, "is heard of again");
  }
}

void OverviewWriter::tell(EventType type, const std::string& host, std::string_view what) {
  parts_.roster.tell({.type = type,
                      .sentence = fmt::format("the host \"{}\" {}", host, what),
                      .fields = {{"host", host}}});
}

Result<void> OverviewWriter::write(const FleetHost::Standing& standing,
                                   const FleetOverview& overview) {
  FleetHost& host = parts_.host;
  const std::string key = host.layout().overview();
  Result<std::string> sealed = standing.keys->seal(
      key, serialize(SentOverview{.overview = overview, .known_to = standing.followed}));
  if (!sealed) return pass(std::move(sealed));
  EtcdTransaction transaction{.compares = {{.key = host.layout().leader(),
                                            .of = EtcdCompare::Of::created,
                                            .revision = standing.leader_token},
                                           {.key = key,
                                            .of = EtcdCompare::Of::modified,
                                            .revision = standing.followed,
                                            .end = {},
                                            .may_be_earlier = true}},
                              .changes = {{.key = key, .value = *std::move(sealed)}}};
  if (standing.keys->entry_modified != 0) {
    transaction.compares.push_back({.key = standing.keys->entry,
                                    .of = EtcdCompare::Of::modified,
                                    .revision = standing.keys->entry_modified});
  }
  const Result<EtcdOutcome> outcome = host.etcd()->commit(transaction);
  if (!outcome) return fail(outcome.error());
  if (outcome->has_happened) return {};
  return fail(ErrorKind::transient,
              "the fleet has another leader, another key or another overview by now");
}

}  // namespace ccm::fleet
