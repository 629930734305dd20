// SPDX-License-Identifier: Apache-2.0
#include "store/host/fleet_note.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/last_second.h"
#include "base/text.h"

namespace ccm::store {
namespace {

constexpr std::size_t kLargestFleetNote = 64U << 10U;

std::string fleet_overview_path(const std::string& state_path) {
  return state_path + "/fleet-hosts";
}

std::string granted_mark_path(const std::string& state_path) {
  return state_path + "/fleet-granted";
}

std::string trouble_of(const FleetOverview::Host& host) {
  if (host.is_silent && host.seen == Time{}) return "is not heard of";
  if (host.is_silent) {
    return fmt::format("was not heard of since {}", format_time(host.seen));
  }
  std::vector<std::string> troubles;
  if (host.behind > 0) {
    const std::size_t more =
        host.behind - std::min<std::size_t>(host.behind, host.behind_on.size());
    troubles.push_back(fmt::format("does not have the newest version of {}{}",
                                   join(host.behind_on, ", "),
                                   more == 0 ? std::string() : fmt::format(" and {} more", more)));
  }
  if (host.has_wrong_clock()) {
    troubles.push_back(fmt::format("has a clock that is {} {} etcd's",
                                   format_duration(std::chrono::abs(*host.clock_ahead)),
                                   *host.clock_ahead > Seconds(0) ? "ahead of" : "behind"));
  }
  return join(troubles, ", and ");
}

}  // namespace

std::vector<std::string> troubles_of(const FleetNote& note) {
  std::vector<std::string> troubles;
  if (!note.is_connected) {
    troubles.push_back(fmt::format("this host has not followed the fleet \"{}\" since {}: {}",
                                   note.fleet, format_time(note.since), note.problem));
  }
  if (note.is_connected && note.leader.empty()) {
    troubles.push_back(
        fmt::format("no host leads the fleet \"{}\", so nothing is renewed", note.fleet));
  }
  troubles.insert(troubles.end(), note.flaws.begin(), note.flaws.end());
  return troubles;
}

std::vector<std::string> troubles_of(const FleetOverview& overview, std::string_view self) {
  std::vector<std::string> troubles;
  for (const FleetOverview::Host& host : overview.shown) {
    if (host.name == self || host.is_in_order()) continue;
    troubles.push_back(fmt::format("the host \"{}\" {}", host.name, trouble_of(host)));
  }
  return troubles;
}

std::string fleet_note_path(const std::string& state_path) {
  return state_path + "/fleet";
}

Result<void> write_fleet_note(const std::string& state_path, const FleetNote& note) {
  Record record;
  record.add("fleet", note.fleet);
  record.add("host", note.host);
  record.add("connected", note.is_connected ? "1" : "0");
  record.add("since", fmt::format("{}", note.since.time_since_epoch().count()));
  record.add("problem", printable(note.problem));
  record.add("leader", printable(note.leader));
  record.add("leads", note.is_leader ? "1" : "0");
  for (const std::string& flaw : note.flaws) record.add("flaw", printable(flaw));
  return write_file_unsynced(fleet_note_path(state_path), record.serialize());
}

std::optional<FleetNote> read_fleet_note(const std::string& state_path) {
  const auto text = read_file(fleet_note_path(state_path), kLargestFleetNote);
  if (!text) return std::nullopt;
  const auto record = Record::parse(*text);
  if (!record) return std::nullopt;
  // Whoever owns the directory may have written anything into it.
  const auto text_of = [&](std::string_view key) {
    return printable(record->find(key).value_or(""));
  };
  const auto since = record->find_number("since");
  const std::string fleet = text_of("fleet");
  if (!since || *since < 0 || *since > kLastSecond || fleet.empty()) return std::nullopt;
  FleetNote note{.fleet = fleet,
                 .host = text_of("host"),
                 .is_connected = record->find("connected") == "1",
                 .since = Time(Seconds(*since)),
                 .problem = text_of("problem"),
                 .leader = text_of("leader"),
                 .is_leader = record->find("leads") == "1"};
  for (const std::string_view flaw : record->find_all("flaw")) {
    note.flaws.push_back(printable(flaw));
  }
  return note;
}

Result<void> write_fleet_overview(const std::string& state_path, const FleetOverview& overview) {
  return write_file_unsynced(fleet_overview_path(state_path), encode(overview));
}

std::optional<FleetOverview> read_fleet_overview(const std::string& state_path) {
  const auto bytes = read_file(fleet_overview_path(state_path), kLargestFleetNote);
  return bytes ? decode_fleet_overview(*bytes) : std::nullopt;
}

Result<void> write_granted_mark(const std::string& state_path, std::uint64_t revision) {
  return write_file_atomically(granted_mark_path(state_path), fmt::format("{}\n", revision));
}

std::uint64_t read_granted_mark(const std::string& state_path) {
  const auto text = read_file(granted_mark_path(state_path), kLargestFleetNote);
  return text ? parse_unsigned(trim(*text)).value_or(0) : 0;
}

void remove_fleet_note(const std::string& state_path) {
  unlink(granted_mark_path(state_path).c_str());
  unlink(fleet_overview_path(state_path).c_str());
  unlink(fleet_note_path(state_path).c_str());
}

}  // namespace ccm::store
