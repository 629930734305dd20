// SPDX-License-Identifier: Apache-2.0
#include "store/host/canary_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace ccm::store {
namespace {

constexpr std::size_t kLargestCanaryFile = std::size_t{4} << 20U;
// One field for each certificate: its name, the version, since when, the board, and four sides.
constexpr std::string_view kCanaryField = "canary";
constexpr std::size_t kNumbers = 3 + 4 * kCanaryCounts;
// For another host: its name, followed by the same.
constexpr std::string_view kDistantField = "elsewhere";
constexpr std::string_view kHostField = "host";
// Enough for 10,000 hosts with a few certificates each.
constexpr std::size_t kLargestDistantFile = std::size_t{16} << 20U;

std::string distant_path(const std::string& state_path) {
  return fmt::format("{}/{}fleet", state_path, kCanaryPrefix);
}

std::string line_of(const std::string& name, const CanaryCounted& counted) {
  std::string line = fmt::format("{} {} {} {}", name, counted.canary.version,
                                 counted.canary.since.time_since_epoch().count(), counted.board);
  for (const CanarySide* side : {&counted.seen.current, &counted.seen.candidate,
                                 &counted.total.current, &counted.total.candidate}) {
    for (const std::uint64_t count : side->counts) line += fmt::format(" {}", count);
  }
  return line;
}

std::optional<std::pair<std::string, CanaryCounted>> parse_canary_line(std::string_view line) {
  const std::vector<std::string_view> words = split(line, ' ');
  if (words.size() != 1 + kNumbers) return std::nullopt;
  std::vector<std::uint64_t> numbers;
  for (auto word = words.begin() + 1; word != words.end(); ++word) {
    const auto number = parse_unsigned(*word);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  CanaryCounted counted;
  counted.canary = {.version = numbers[0],
                    .since = Time(Seconds(static_cast<std::int64_t>(numbers[1])))};
  counted.board = numbers[2];
  std::size_t next = 3;
  for (CanarySide* side : {&counted.seen.current, &counted.seen.candidate, &counted.total.current,
                           &counted.total.candidate}) {
    for (std::uint64_t& count : side->counts) count = numbers[next++];
  }
  return std::pair(std::string(words[0]), counted);
}

CanariesCounted canaries_in(const Record& record) {
  CanariesCounted all;
  for (const std::string_view line : record.find_all(kCanaryField)) {
    if (auto parsed = parse_canary_line(line)) all.insert(*std::move(parsed));
  }
  return all;
}

Result<void> write_or_remove(const std::string& path, const Record& record, bool is_empty) {
  if (!is_empty) return write_file_unsynced(path, record.serialize());
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail(system_error("remove " + path, errno));
}

bool is_newer(const Canary& one, const Canary& other) {
  return std::tie(one.version, one.since) > std::tie(other.version, other.since);
}

}  // namespace

std::string canary_path(const std::string& state_path, const ServerId& server) {
  return fmt::format("{}/{}{}", state_path, kCanaryPrefix, to_string(server));
}

CanariesCounted read_canaries(const std::string& state_path, const ServerId& server) {
  const auto text = read_file(canary_path(state_path, server), kLargestCanaryFile);
  const auto record = text ? Record::parse(*text) : Result<Record>(fail(text.error()));
  return record ? canaries_in(*record) : CanariesCounted();
}

Result<void> write_canaries(const std::string& state_path, const ServerId& server,
                            const CanariesCounted& counted) {
  Record record;
  for (const auto& [name, each] : counted) record.add(kCanaryField, line_of(name, each));
  return write_or_remove(canary_path(state_path, server), record, counted.empty());
}

CanariesCounted host_canaries(const std::string& state_path) {
  CanariesCounted all;
  for (const ServerId& server : servers_with(state_path, kCanaryPrefix)) {
    add_totals(all, read_canaries(state_path, server));
  }
  return all;
}

void add_totals(CanariesCounted& all, const CanariesCounted& more) {
  for (const auto& [name, counted] : more) {
    const CanaryCounted total{.canary = counted.canary, .total = counted.total};
    const auto [known, is_new] = all.try_emplace(name, total);
    if (is_new) continue;
    if (known->second.canary == counted.canary) {
      known->second.total.add(counted.total);
    } else if (is_newer(counted.canary, known->second.canary)) {
      known->second = total;
    }
  }
}

std::string serialize(const HostCanaries& canaries) {
  Record record;
  record.add(kHostField, canaries.host);
  for (const auto& [name, each] : canaries.counted) record.add(kCanaryField, line_of(name, each));
  return record.serialize();
}

Result<HostCanaries> parse_host_canaries(std::string_view text) {
  const auto record = Record::parse(text);
  if (!record) return fail(record.error());
  HostCanaries canaries{.host = printable(record->find(kHostField).value_or("")),
                        .counted = canaries_in(*record)};
  if (canaries.host.empty() || canaries.host.find(' ') != std::string::npos) {
    return fail(ErrorKind::invalid, "it is not what a host has counted");
  }
  return canaries;
}

Result<void> write_distant_canaries(const std::string& state_path,
                                    const std::vector<HostCanaries>& hosts) {
  Record record;
  bool is_empty = true;
  for (const HostCanaries& each : hosts) {
    for (const auto& [name, counted] : each.counted) {
      record.add(kDistantField, fmt::format("{} {}", each.host, line_of(name, counted)));
      is_empty = false;
    }
  }
  return write_or_remove(distant_path(state_path), record, is_empty);
}

std::map<std::string, CanaryCounts::Stamp> CanaryCounts::look() const {
  std::vector<std::string> paths{distant_path(state_path_)};
  for (const ServerId& server : servers_with(state_path_, kCanaryPrefix)) {
    paths.push_back(canary_path(state_path_, server));
  }
  std::map<std::string, Stamp> stamps;
  for (const std::string& path : paths) {
    struct stat file = {};
    if (stat(path.c_str(), &file) != 0) continue;
    stamps[path] = {file.st_ino, file.st_ctim.tv_sec, file.st_ctim.tv_nsec};
  }
  return stamps;
}

void CanaryCounts::read() {
  own_ = host_canaries(state_path_);
  distant_.clear();
  const auto text = read_file(distant_path(state_path_), kLargestDistantFile);
  const auto record = text ? Record::parse(*text) : Result<Record>(fail(text.error()));
  if (!record) return;
  for (const std::string_view line : record->find_all(kDistantField)) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    auto parsed = parse_canary_line(line.substr(blank + 1));
    if (!parsed) continue;
    distant_.emplace(std::move(parsed->first),
                     std::pair(printable(line.substr(0, blank)), parsed->second));
  }
}

HostTallies CanaryCounts::of(const std::string& name, const Canary& canary) {
  const std::lock_guard lock(mutex_);
  // Taken before reading, so that a later change is noticed the next time.
  if (auto stamps = look(); read_ != stamps) {
    read();
    read_ = std::move(stamps);
  }
  HostTallies tallies(1);
  const auto own = own_.find(name);
  if (own != own_.end() && own->second.canary == canary) tallies.front().tally = own->second.total;
  const auto [first, last] = distant_.equal_range(name);
  for (auto each = first; each != last; ++each) {
    const auto& [host, counted] = each->second;
    if (counted.canary == canary) tallies.push_back({.host = host, .tally = counted.total});
  }
  return tallies;
}

}  // namespace ccm::store
